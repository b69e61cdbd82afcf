import type { CloudWatchApi } from '@slipway/contracts';
import type { Clock } from '../../../kernel/clock.ts';
import { pages } from '../../../kernel/paging.ts';
import type { Paging } from '../../../kernel/paging.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import type { Metrics } from '../../../metrics/index.ts';
import { invalid } from '../fail.ts';
import { LIMITS } from '../limits.ts';

export function listMetrics({ clock, paging, metrics }: { clock: Clock; paging: Paging; metrics: Metrics }) {
  return {
    async ListMetrics(input, call) {
      refuseMembers(input, ['IncludeLinkedAccounts'], (name) => invalid(`The parameter ${name} is not supported by Slipway yet.`));
      if (input.OwningAccount !== undefined && input.OwningAccount !== call.account) throw invalid('The parameter OwningAccount is not supported by Slipway yet for other accounts.');
      const { NextToken: token, ...filter } = input;
      const listing = pages(paging, call, 'cloudwatch:ListMetrics', filter, () => invalid('The value for parameter NextToken is invalid.'));
      const last = listing.read(token)?.map(String) as [string, string, string] | undefined;
      const since = clock.now() - (input.RecentlyActive === undefined ? LIMITS.metricsVisible : LIMITS.recentlyActive);
      const dimensions = (input.Dimensions ?? []).map(({ Name, Value }) => [Name, Value] as const);
      const found = await metrics.list(call, { namespace: input.Namespace, name: input.MetricName, dimensions, seenSince: since }, { after: last, limit: LIMITS.metricsPerPage + 1 });
      const { page, next } = listing.cut(found, LIMITS.metricsPerPage, (metric) => [metric.namespace, metric.name, metric.metric]);
      return {
        Metrics: page.map((metric) => ({ Namespace: metric.namespace, MetricName: metric.name, Dimensions: metric.dimensions.map(([Name, Value]) => ({ Name, Value })) })),
        NextToken: next,
      };
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}
