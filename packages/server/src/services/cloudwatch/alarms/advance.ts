import type { StateValue } from '@slipway/contracts/cloudwatch';
import type { JobRun } from '../../../engine/jobs.ts';
import type { Transaction } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import { alarmsIn, parseRule, ruleHolds } from './alarm-rule.ts';
import { alarmArn, alarmNameOf } from '../arns.ts';
import { ALARM_JOB, compositeDefinition, INITIAL_REASON, metricDefinition, queriesOf, ruleOf } from './definitions.ts';
import type { MetricDefinition } from './definitions.ts';
import type { AlarmDeps } from '../deps.ts';
import { FURTHER_BACK, judge } from './evaluate-points.ts';
import type { AlarmPoint, Verdict } from './evaluate-points.ts';
import { planQueries, runQueries } from '../metrics/queries.ts';
import type { QueryResult } from '../metrics/queries.ts';
import { isoTime, longTime, reasonDataOf, reasonOf } from './reasons.ts';
import { percentileShare } from '../metrics/statistics.ts';
import { findAlarm, findAlarms, lockAlarm } from '../store/alarms.ts';
import type { AlarmRow } from '../store/tables.ts';
import { reading, writing } from '../store/tables.ts';
import { changeState, lookAtPending } from './transition.ts';

/** Registers the job of each alarm. A metric alarm's runs for ever, by the clock; a composite alarm's when a child changed. */
export function evaluateInJobs(deps: AlarmDeps & { readonly log: Log }): void {
  deps.jobs.handle(ALARM_JOB, async (run) => {
    const row = await findAlarm(reading(deps.db), run.key, run.key.id);
    if (row === undefined) return;
    if (row.kind === 'composite') return evaluateComposite(deps, run);
    await evaluateMetric(deps, run, row);
    run.again(nextLook(row, deps.clock.now()));
  });
}

const MINUTE = 60_000;
const SHORT = 10_000;
/** Points of the minute that ended are given some seconds to arrive. */
const SETTLING = { minute: 5_000, short: 1_000 };
const SPREAD = 20;

const periodOf = (definition: MetricDefinition): number => Math.max(...queriesOf(definition).map((query) => query.MetricStat?.Period ?? query.Period ?? 0));

/** Alarms of a minute and more look once a minute, shorter ones every ten seconds; not all in the same second. */
function nextLook(row: AlarmRow, now: number): number {
  const isShort = periodOf(metricDefinition(row)) < 60;
  const every = isShort ? SHORT : MINUTE;
  const lag = isShort ? SETTLING.short : SETTLING.minute + [...row.name].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % SPREAD, 0) * 1000;
  return Math.floor((now - lag) / every) * every + every + lag;
}

async function evaluateMetric(deps: AlarmDeps & { readonly log: Log }, run: JobRun, row: AlarmRow): Promise<void> {
  const definition = metricDefinition(row);
  const rule = ruleOf(definition);
  const now = deps.clock.now();
  const period = periodOf(definition) * 1000;
  const end = now - (now % (period < MINUTE ? SHORT : MINUTE));
  const length = rule.evaluationPeriods + FURTHER_BACK;
  const result = await resultOf(deps, row, definition, { start: end - length * period, end });
  const range: AlarmPoint[] = Array.from({ length }, (_, index) => {
    const time = end - (length - index) * period;
    return { time, value: result?.series[0]?.points.get(time) };
  });
  if (result !== undefined && hasFewSamples(definition, result)) return;
  const verdict = judge(range, rule);
  if (verdict.state === 'retain' || verdict.state === row.state) return;
  const state: StateValue = verdict.state;
  const statistic = definition.ExtendedStatistic ?? definition.Statistic;
  const reasonData = reasonDataOf(verdict, rule, { now, statistic, unit: definition.Unit, period: period / 1000 });
  await deps.db.transaction(async (tx) => {
    await run.fence(tx);
    const locked = await lockAlarm(tx, row, row.name);
    // Put or set anew meanwhile: the next look goes by what it is now.
    if (locked === undefined || locked.configured !== row.configured || locked.updated !== row.updated || locked.state === state) return;
    await changeState(tx, deps, locked, { state, reason: reasonFor(verdict, definition, locked), reasonData, at: now });
  });
}

const reasonFor = (verdict: Verdict, definition: MetricDefinition, row: AlarmRow): string => reasonOf(verdict, ruleOf(definition), row.state);

/** What the alarm watches; nothing where an expression cannot be evaluated, which then counts as missing data. */
async function resultOf(deps: AlarmDeps & { readonly log: Log }, row: AlarmRow, definition: MetricDefinition, span: { start: number; end: number }): Promise<QueryResult | undefined> {
  try {
    const plan = planQueries(queriesOf(definition), row.account);
    const watched = plan.queries.find((query) => query.returnData)!;
    return (await runQueries(deps.metrics, row, plan, span)).get(watched.id);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    deps.log.warn('What an alarm watches could not be evaluated', { account: row.account, region: row.region, alarm: row.name, error });
    return undefined;
  }
}

/** A percentile of few samples says little: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html */
function hasFewSamples(definition: MetricDefinition, { samples }: QueryResult): boolean {
  const share = percentileShare(definition.ExtendedStatistic ?? '');
  if (definition.EvaluateLowSampleCountPercentile !== 'ignore' || share === undefined || samples === undefined || samples.size === 0) return false;
  const needed = 10 / (share >= 0.5 ? 1 - share : share);
  const newest = [...samples.values()].slice(-definition.EvaluationPeriods!);
  return newest.reduce((sum, count) => sum + count, 0) < needed;
}

async function evaluateComposite(deps: AlarmDeps, run: JobRun): Promise<void> {
  const now = deps.clock.now();
  await deps.db.transaction(async (tx) => {
    await run.fence(tx);
    const row = await lockAlarm(tx, run.key, run.key.id);
    if (row === undefined) return;
    const children = await childrenOf(tx, row);
    const byName = new Map(children.map((child) => [child.name, child.state]));
    const state: StateValue = ruleHolds(parseRule(compositeDefinition(row).AlarmRule), (alarm) => byName.get(alarmNameOf(row, alarm) ?? '')) ? 'ALARM' : 'OK';
    if (state === row.state) return lookAtPending(tx, deps.jobs, row, now);
    await changeState(tx, deps, row, { state, ...compositeReason(row, children, state), at: now });
  });
}

function childrenOf(tx: Transaction, row: AlarmRow): Promise<AlarmRow[]> {
  const names = alarmsIn(parseRule(compositeDefinition(row).AlarmRule)).map((alarm) => alarmNameOf(row, alarm)).filter((name) => name !== undefined);
  return findAlarms(writing(tx), row, [...new Set(names)]);
}

/** The children that changed since the alarm last did are its reason. */
function compositeReason(row: AlarmRow, children: readonly AlarmRow[], state: StateValue): { reason: string; reasonData: string } {
  const arn = alarmArn(row, row.name);
  const changed = children.filter((child) => child.transitioned >= row.updated && child.transitioned >= row.configured && child.reason !== INITIAL_REASON).toSorted((a, b) => b.transitioned - a.transitioned);
  const newest = changed[0];
  const triggeringAlarms = (newest === undefined ? children : changed.filter((child) => child.transitioned === newest.transitioned))
    .map((child) => ({ arn: alarmArn(child, child.name), state: { value: child.state, timestamp: isoTime(child.updated) } }));
  const reason = newest === undefined
    ? `${arn} was ${row.updated === row.configured ? 'created' : 'updated'} and its alarm rule evaluates to ${state}`
    : `${alarmArn(newest, newest.name)} transitioned to ${newest.state} at ${longTime(newest.transitioned)}`;
  return { reason, reasonData: JSON.stringify({ triggeringAlarms }) };
}
