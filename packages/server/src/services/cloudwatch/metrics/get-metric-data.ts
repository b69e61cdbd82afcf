import type { CloudWatchApi } from '@slipway/contracts';
import type { MetricDataResult } from '@slipway/contracts/cloudwatch';
import type { Clock } from '../../../kernel/clock.ts';
import { pages } from '../../../kernel/paging.ts';
import type { Paging } from '../../../kernel/paging.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import type { Metrics } from '../../../metrics/index.ts';
import { fail, notSupported } from '../fail.ts';
import { checkLabel, labelOf } from './labels.ts';
import { LIMITS } from '../limits.ts';
import { planQueries, runQueries } from './queries.ts';
import { roundedSpan } from './span.ts';

export function getMetricData({ clock, paging, metrics }: { clock: Clock; paging: Paging; metrics: Metrics }) {
  return {
    async GetMetricData(input, call) {
      refuseMembers(input, ['LabelOptions'], notSupported);
      const { MetricDataQueries: asked, StartTime: start, EndTime: end, ScanBy: scanBy = 'TimestampDescending', MaxDatapoints: most = LIMITS.datapointsPerPage.default } = input;
      if (asked.length === 0) throw fail('ValidationException', 'The collection MetricDataQueries must not be empty.');
      if (start >= end) throw fail('ValidationException', 'The parameter StartTime must be less than the parameter EndTime.');
      if (most < 1 || most > LIMITS.datapointsPerPage.most) throw fail('ValidationException', `The value ${most} for parameter MaxDatapoints must be between 1 and ${LIMITS.datapointsPerPage.most}.`);
      const plan = planQueries(asked, call.account);
      for (const query of plan.queries) checkLabel(query);
      if (!plan.queries.some((query) => query.returnData)) throw fail('ValidationException', 'At least one query must have ReturnData set to true.');
      const { NextToken: token, MaxDatapoints: _most, ...rest } = input;
      const listing = pages(paging, call, 'cloudwatch:GetMetricData', rest, () => fail('InvalidNextToken', 'The next token specified is invalid.'));
      const [firstResult = 0, firstPoint = 0] = (listing.read(token) ?? []).map(Number);

      const span = roundedSpan({ start, end }, Math.min(...plan.queries.map((query) => query.period)), clock.now());
      const results = await runQueries(metrics, call, plan, span);
      const shown = plan.queries.filter((query) => query.returnData).flatMap((query) => {
        const { series } = results.get(query.id)!;
        return series.map((one) => ({ id: query.id, label: labelOf(call, query, one, series.length === 1), points: [...one.points] }));
      });
      const page: MetricDataResult[] = [];
      let room = most;
      for (let index = firstResult; index < shown.length; index++) {
        const { id, label, points } = shown[index]!;
        const ordered = scanBy === 'TimestampDescending' ? points.toReversed() : points;
        const from = index === firstResult ? firstPoint : 0;
        const cut = ordered.slice(from, from + room);
        room -= cut.length;
        const complete = from + cut.length === ordered.length;
        page.push({ Id: id, Label: label, Timestamps: cut.map(([time]) => time), Values: cut.map(([, value]) => value), StatusCode: complete ? 'Complete' : 'PartialData' });
        if (!complete) return { MetricDataResults: page, Messages: [], NextToken: listing.after([index, from + cut.length]) };
        if (room === 0 && index + 1 < shown.length) return { MetricDataResults: page, Messages: [], NextToken: listing.after([index + 1, 0]) };
      }
      return { MetricDataResults: page, Messages: [] };
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}
