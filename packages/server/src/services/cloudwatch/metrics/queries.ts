import type { Dimension as ContractDimension, Metric, MetricDataQuery } from '@slipway/contracts/cloudwatch';
import type { Place } from '../../../kernel/place.ts';
import { addPoint, sortedDimensions } from '../../../metrics/index.ts';
import type { MetricIdentity, Metrics, Point, Window } from '../../../metrics/index.ts';
import { fail, notSupported } from '../fail.ts';
import { isPeriod, LIMITS } from '../limits.ts';
import { checkFunctions, evaluateMath, idsIn } from '../math/evaluate.ts';
import { MathError, parseMath } from '../math/parse.ts';
import type { Expression } from '../math/parse.ts';
import { take } from '../math/values.ts';
import type { TimeSeries } from '../math/values.ts';
import { statisticOf } from './statistics.ts';
import type { Statistic } from './statistics.ts';

/** Queries of metrics and math over them, checked. */
export interface QueryPlan {
  readonly queries: readonly PlannedQuery[];
  readonly byId: ReadonlyMap<string, PlannedQuery>;
}

export interface PlannedQuery {
  readonly id: string;
  readonly label: string | undefined;
  readonly returnData: boolean;
  readonly asked: MetricDataQuery;
  /** Seconds; of an expression the shortest of what it is made of. */
  readonly period: number;
  readonly source: { readonly kind: 'metric'; readonly metric: MetricIdentity; readonly statistic: Statistic; readonly unit: string | undefined } | { readonly kind: 'expression'; readonly expression: Expression };
}

const bad = (message: string): Error => fail('ValidationException', message);

export function identityOf({ Namespace: namespace, MetricName: name, Dimensions: dimensions = [] }: { Namespace?: string; MetricName?: string; Dimensions?: readonly ContractDimension[] }): MetricIdentity {
  return { namespace: namespace ?? '', name: name ?? '', dimensions: sortedDimensions(dimensions.map(({ Name, Value }) => [Name, Value] as const)) };
}

/** @throws ValidationError for what AWS refuses, and by name for what is not supported. */
export function planQueries(queries: readonly MetricDataQuery[], account: string): QueryPlan {
  const seen = new Set<string>();
  for (const { Id: id } of queries) {
    if (!/^[a-z][A-Za-z0-9_]*$/.test(id)) throw bad(`The value ${id} for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`);
    if (seen.has(id)) throw bad(`The values for parameter id in queries must be unique. Duplicate id: ${id}.`);
    seen.add(id);
  }
  const asked = new Map(queries.map((query) => [query.Id, query]));
  const sources = new Map(queries.map((query) => [query.Id, sourceOf(query, account)]));
  const periods = new Map<string, number>();
  const periodOf = (id: string, path: readonly string[]): number => {
    if (path.includes(id)) throw bad(`Error in expression '${id}': Circular dependency ${[...path, id].join(' -> ')}.`);
    const known = periods.get(id);
    if (known !== undefined) return known;
    const query = asked.get(id);
    const source = sources.get(id);
    if (query === undefined || source === undefined) throw bad(`Error in expression '${path.at(-1)}': Undefined symbol '${id}'.`);
    const period = source.kind === 'metric' ? query.MetricStat!.Period : periodOfExpression(source.expression, query, (each) => periodOf(each, [...path, id]), queries);
    periods.set(id, period);
    return period;
  };
  const planned = queries.map((query): PlannedQuery => ({
    id: query.Id, label: query.Label, returnData: query.ReturnData ?? true, asked: query, period: periodOf(query.Id, []), source: sources.get(query.Id)!,
  }));
  return { queries: planned, byId: new Map(planned.map((query) => [query.id, query])) };
}

function periodOfExpression(expression: Expression, query: MetricDataQuery, periodOf: (id: string) => number, queries: readonly MetricDataQuery[]): number {
  const ids = idsIn(expression);
  const periods = ids.length > 0 ? ids.map(periodOf) : queries.flatMap((each) => (each.MetricStat === undefined ? [] : [each.MetricStat.Period]));
  return query.Period ?? (periods.length > 0 ? Math.min(...periods) : 60);
}

function sourceOf(query: MetricDataQuery, account: string): PlannedQuery['source'] {
  if ((query.MetricStat === undefined) === (query.Expression === undefined)) throw bad(`The parameters MetricDataQueries.member.Expression and MetricDataQueries.member.MetricStat are mutually exclusive and exactly one of them must be specified for ${query.Id}.`);
  if (query.AccountId !== undefined && query.AccountId !== account) throw notSupported(`AccountId of another account (${query.AccountId})`);
  if (query.Period !== undefined && !isPeriod(query.Period)) throw badPeriod(query.Period);
  return query.MetricStat === undefined ? { kind: 'expression', expression: checkedExpression(query.Id, query.Expression!) } : metricSource(query);
}

const badPeriod = (period: number): Error => bad(`The value ${period} for parameter Period is invalid. Period must be 1, 5, 10, 20, 30 or a multiple of 60.`);

function metricSource({ MetricStat: stat }: MetricDataQuery): PlannedQuery['source'] {
  const { Metric: metric, Period: period, Stat: name, Unit: unit } = stat!;
  if (!isPeriod(period)) throw badPeriod(period);
  checkMetric(metric);
  const statistic = statisticOf(name);
  if (statistic === undefined) throw bad(`The value ${name} for parameter Stat is not a valid statistic.`);
  return { kind: 'metric', metric: identityOf(metric), statistic, unit };
}

function checkMetric({ Namespace: namespace, MetricName: name }: Metric): void {
  if (!namespace) throw bad('The parameter MetricStat.Metric.Namespace is required.');
  if (!name) throw bad('The parameter MetricStat.Metric.MetricName is required.');
}

function checkedExpression(id: string, text: string): Expression {
  return inExpression(id, () => {
    if (text.length > LIMITS.expressionLength) throw new MathError(`The expression is longer than ${LIMITS.expressionLength} characters`);
    const expression = parseMath(text);
    checkFunctions(expression);
    return expression;
  });
}

/** AWS names the expression that is wrong. */
function inExpression<T>(id: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MathError) throw fail('ValidationException', `Error in expression '${id}': ${error.message}.`, { cause: error });
    throw error;
  }
}

export interface QuerySpan {
  /** ms UTC; periods begin at `start`. */
  readonly start: number;
  readonly end: number;
}

export interface QueryResult {
  /** One series; of an expression there may be several. */
  readonly series: readonly TimeSeries[];
  /** How many samples each value is made of; of metrics only. */
  readonly samples: ReadonlyMap<number, number> | undefined;
}

/** The results of all queries, by id. */
export async function runQueries(metrics: Metrics, place: Place, plan: QueryPlan, span: QuerySpan): Promise<ReadonlyMap<string, QueryResult>> {
  const results = new Map<string, QueryResult>();
  const room = { left: LIMITS.valuesAtOnce };
  // One after the other: what is too much is noticed before all of it is in memory.
  for (const query of plan.queries) {
    if (query.source.kind !== 'metric') continue;
    const read = await readMetric(metrics, place, query, query.source, { ...span, period: query.period * 1000 });
    inExpression(query.id, () => take(room, read.samples?.size ?? 0));
    results.set(query.id, read);
  }
  const result = (id: string): QueryResult => {
    const known = results.get(id);
    if (known !== undefined) return known;
    const query = plan.byId.get(id)!;
    const { source } = query;
    if (source.kind !== 'expression') throw new Error(`The metric ${id} was not read`);
    const series = inExpression(id, () => evaluateMath(source.expression, {
      grid: { ...span, period: query.period, room },
      result: (other) => result(other).series,
      metrics: (containing) => plan.queries.filter((each) => each.source.kind === 'metric' && each.id.includes(containing)).flatMap((each) => result(each.id).series),
    }));
    const found = { series, samples: undefined };
    results.set(id, found);
    return found;
  };
  for (const { id } of plan.queries) result(id);
  return results;
}

async function readMetric(metrics: Metrics, place: Place, query: PlannedQuery, source: Extract<PlannedQuery['source'], { kind: 'metric' }>, window: Window): Promise<QueryResult> {
  const found = await metrics.read(place, source.metric, window, source.unit);
  const bins = new Map<number, Point>();
  for (const { bins: more } of found) {
    for (const [time, point] of more) {
      const bin = bins.get(time);
      if (bin === undefined) bins.set(time, point);
      else addPoint(bin, point);
    }
  }
  const sorted = [...bins].toSorted(([a], [b]) => a - b);
  const points = sorted.flatMap(([time, point]): [number, number][] => {
    const value = source.statistic(point);
    return value === undefined ? [] : [[time, value]];
  });
  return { series: [{ label: query.label ?? source.metric.name, period: query.period, points: new Map(points) }], samples: new Map(sorted.map(([time, point]) => [time, point.count])) };
}
