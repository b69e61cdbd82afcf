import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Database, Transaction } from '../kernel/database.ts';
import { lockRow } from '../kernel/database/index.ts';
import type { Place } from '../kernel/place.ts';
import { mergeBlock, readBlock } from './block.ts';
import { metricId, streamId } from './identity.ts';
import type { Dimension, MetricIdentity } from './identity.ts';
import type { MetricTables } from './migrations.ts';
import { addPoint, copyPoint } from './point.ts';
import type { Point } from './point.ts';
import { blockKey, COARSER, dueOf, parseBlockKey, TIERS, tiersFor } from './tiers.ts';
import type { Tier } from './tiers.ts';

export interface Measure extends MetricIdentity {
  readonly unit: string;
  /** ms UTC */
  readonly time: number;
  /** Kept by the second too, for three hours. */
  readonly highResolution: boolean;
  readonly point: Point;
}

/** With its metric's id, which is dear to make. */
export interface Identified extends Measure {
  readonly metric: string;
}

/** ms UTC; `end` is exclusive. Periods begin at `start`. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly period: number;
}

/** Values of one unit, by the begin of their period. */
export interface Series {
  readonly unit: string;
  readonly bins: ReadonlyMap<number, Point>;
}

export interface MetricFilter {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** A dimension without value: any. Further dimensions are no matter. */
  readonly dimensions: readonly (readonly [name: string, value: string | undefined])[];
  /** ms UTC: only metrics that had data since. */
  readonly seenSince: number;
}

type Query = Kysely<MetricTables>;
export const reading = (db: Database): Query => db.read.withTables<MetricTables>();
export const writing = (tx: Transaction): Query => tx.query.withTables<MetricTables>();

/** Rows per statement: within SQLite's bound on parameters. */
const BATCH = 500;
/** How exactly it is known when a metric last had data; AWS knows it to fifty minutes. */
export const SEEN_PRECISION = 5 * 60_000;

interface Addition {
  readonly due: number;
  readonly steps: Map<number, Point>;
}

/** Adds points to their blocks; locks them in one order, so that writers at the same time neither lose points nor wait for each other for ever. */
export async function addMeasures(tx: Transaction, place: Place, measures: readonly Identified[], now: number): Promise<void> {
  const blocks = new Map<string, Addition>();
  for (const measure of measures) {
    const stream = streamId(measure.metric, measure.unit);
    addTo(blocks, stream, TIERS.minute, measure.time, measure.point);
    if (measure.highResolution && measure.time > now - TIERS.second.kept) addTo(blocks, stream, TIERS.second, measure.time, measure.point);
  }
  await mergeBlocks(tx, place, blocks);
}

function addTo(blocks: Map<string, Addition>, stream: string, tier: Tier, time: number, point: Point): void {
  const key = blockKey(stream, tier, time);
  let block = blocks.get(key);
  if (block === undefined) blocks.set(key, (block = { due: dueOf(tier, time), steps: new Map() }));
  const step = Math.floor((time % tier.block) / tier.step);
  const known = block.steps.get(step);
  if (known === undefined) block.steps.set(step, copyPoint(point));
  else addPoint(known, point);
}

async function mergeBlocks(tx: Transaction, { account, region }: Place, blocks: ReadonlyMap<string, Addition>): Promise<void> {
  const keys = [...blocks.keys()].toSorted();
  for (let from = 0; from < keys.length; from += BATCH) {
    const batch = keys.slice(from, from + BATCH);
    const empty = batch.map((id) => ({ account, region, id, due: blocks.get(id)!.due, data: Buffer.alloc(0) }));
    // A row that is not there cannot be locked: it is made first, and whoever makes it too waits.
    if (tx.kind === 'postgres') await writing(tx).insertInto('metric_blocks').values(empty).onConflict((known) => known.doNothing()).execute();
    const stored = await writing(tx).selectFrom('metric_blocks').select(['id', 'data'])
      .where('account', '=', account).where('region', '=', region).where('id', 'in', batch).orderBy('id').$call(lockRow(tx)).execute();
    const data = new Map(stored.map((row) => [row.id, row.data]));
    const merged = empty.map((row) => ({ ...row, data: mergeBlock(data.get(row.id), blocks.get(row.id)!.steps) }));
    await writing(tx).insertInto('metric_blocks').values(merged)
      .onConflict((known) => known.columns(['account', 'region', 'id']).doUpdateSet((eb) => ({ data: eb.ref('excluded.data') }))).execute();
  }
}

export interface StreamNote extends MetricIdentity {
  readonly metric: string;
  readonly unit: string;
}

/** Remembers that metrics had data at `now`. */
export async function noteStreams(tx: Transaction, { account, region }: Place, notes: readonly StreamNote[], now: number): Promise<void> {
  const rows = notes.map(({ metric, unit, namespace, name, dimensions }) => ({ account, region, metric, unit, namespace, name, dimensions: JSON.stringify(dimensions), seen: now }))
    .toSorted((a, b) => (a.metric + a.unit < b.metric + b.unit ? -1 : 1));
  for (let from = 0; from < rows.length; from += BATCH) {
    await writing(tx).insertInto('metric_streams').values(rows.slice(from, from + BATCH))
      .onConflict((known) => known.columns(['account', 'region', 'metric', 'unit']).doUpdateSet((eb) => ({ seen: eb.ref('excluded.seen') }))).execute();
  }
}

/** The values of a metric within a window, by unit; of periods that hold none there is no bin. */
export async function readSeries(query: Query, place: Place, identity: MetricIdentity, window: Window, options: { unit?: string | undefined; now: number }): Promise<Series[]> {
  const metric = metricId(identity);
  const units = options.unit === undefined ? await unitsOf(query, place, metric) : [options.unit];
  return Promise.all(units.map(async (unit) => ({ unit, bins: await readStream(query, place, streamId(metric, unit), window, options.now) })));
}

async function unitsOf(query: Query, { account, region }: Place, metric: string): Promise<string[]> {
  const rows = await query.selectFrom('metric_streams').select('unit').where('account', '=', account).where('region', '=', region).where('metric', '=', metric).orderBy('unit').execute();
  return rows.map((row) => row.unit);
}

async function readStream(query: Query, { account, region }: Place, stream: string, { start, end, period }: Window, now: number): Promise<Map<number, Point>> {
  const bins = new Map<number, Point>();
  const tiers = tiersFor(period);
  for (const tier of tiers) {
    // Points wait in their tier for the job that moves them; they count as moved as soon as their time is over.
    const oldest = tier === tiers.at(-1) ? now - tier.kept : -Infinity;
    const rows = await query.selectFrom('metric_blocks').select(['id', 'data']).where('account', '=', account).where('region', '=', region)
      .where('id', '>=', blockKey(stream, tier, Math.max(start, 0))).where('id', '<=', blockKey(stream, tier, Math.max(end - 1, 0))).orderBy('id').execute();
    for (const row of rows) {
      const from = parseBlockKey(row.id)!.start;
      for (const [step, point] of readBlock(row.data)) {
        const time = from + step * tier.step;
        if (time < start || time >= end || time < oldest) continue;
        const at = time - ((time - start) % period);
        const bin = bins.get(at);
        if (bin === undefined) bins.set(at, point);
        else addPoint(bin, point);
      }
    }
  }
  return bins;
}

/** Metrics in the order of namespace, name and id, behind `after`. */
export async function listMetrics(query: Query, { account, region }: Place, filter: MetricFilter, slice: { after: readonly [string, string, string] | undefined; limit: number }): Promise<(MetricIdentity & { metric: string })[]> {
  const found: (MetricIdentity & { metric: string })[] = [];
  let after = slice.after;
  for (;;) {
    let rows = query.selectFrom('metric_streams').select(['namespace', 'name', 'metric', 'dimensions']).distinct()
      .where('account', '=', account).where('region', '=', region).where('seen', '>=', filter.seenSince);
    if (filter.namespace !== undefined) rows = rows.where('namespace', '=', filter.namespace);
    if (filter.name !== undefined) rows = rows.where('name', '=', filter.name);
    if (after !== undefined) rows = rows.where(sql<boolean>`(namespace, name, metric) > (${after[0]}, ${after[1]}, ${after[2]})`);
    const page = await rows.orderBy('namespace').orderBy('name').orderBy('metric').limit(BATCH).execute();
    for (const row of page) {
      after = [row.namespace, row.name, row.metric];
      const dimensions = JSON.parse(row.dimensions) as Dimension[];
      if (!matches(dimensions, filter.dimensions)) continue;
      found.push({ namespace: row.namespace, name: row.name, metric: row.metric, dimensions });
      if (found.length >= slice.limit) return found;
    }
    if (page.length < BATCH) return found;
  }
}

function matches(dimensions: readonly Dimension[], wanted: MetricFilter['dimensions']): boolean {
  return wanted.every(([name, value]) => dimensions.some((each) => each[0] === name && (value === undefined || each[1] === value)));
}

/** Moves up to `limit` blocks whose time in their tier is over into the coarser one, or away. Answers how many there were. */
export async function ageBlocks(tx: Transaction, now: number, limit: number): Promise<number> {
  const rows = await writing(tx).selectFrom('metric_blocks').selectAll().where('due', '<=', now).orderBy('account').orderBy('region').orderBy('id').limit(limit).$call(lockRow(tx)).execute();
  const moves = new Map<string, { place: Place; blocks: Map<string, Addition> }>();
  for (const row of rows) {
    await writing(tx).deleteFrom('metric_blocks').where('account', '=', row.account).where('region', '=', row.region).where('id', '=', row.id).execute();
    const block = parseBlockKey(row.id);
    const coarser = block && COARSER[block.tier.letter];
    if (block === undefined || coarser === undefined) continue;
    const key = `${row.account} ${row.region}`;
    const move = moves.get(key) ?? { place: row, blocks: new Map<string, Addition>() };
    moves.set(key, move);
    for (const [step, point] of readBlock(row.data)) addTo(move.blocks, block.stream, coarser, block.start + step * block.tier.step, point);
  }
  for (const { place, blocks } of moves.values()) await mergeBlocks(tx, place, blocks);
  return rows.length;
}

/** Forgets metrics that have no data any more. */
export async function forgetStreams(tx: Transaction, seenBefore: number): Promise<void> {
  await writing(tx).deleteFrom('metric_streams').where('seen', '<', seenBefore).execute();
}
