import type { JobRun, Jobs } from '../../../engine/jobs.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { SubscriptionKey } from '../arns.ts';
import { attempt } from './attempt.ts';
import type { AttemptDeps, Outcome } from './attempt.ts';
import { effectivePolicy } from './delivery-policy.ts';
import { deleteDeliveriesOf, deleteDelivery, listByDue, listInOrder, updateDelivery } from './store.ts';
import type { Pending } from './store.ts';
import { IN_FLIGHT, PENDING_MS, SERVED_AT_A_TIME } from '../limits.ts';
import { createPace } from './pace.ts';
import { deleteSubscription, findSubscription, findTopic } from '../store.ts';
import { reading } from '../tables.ts';
import type { DeliveryRow, SubscriptionRow, TopicRow } from '../tables.ts';
import { attributesOf } from '../topics/attributes.ts';
import type { Wakes } from './wakes.ts';

/** One job per subscription, its id `<topic>:<subscription>`: it brings everything that is due, many at a time. */
export const DELIVERY = 'sns/subscription';

export interface DeliverDeps extends AttemptDeps {
  readonly jobs: Jobs;
  readonly wakes: Wakes;
}

/** Real time between looks for what other servers have published, while deliveries are on their way. */
const LOOK_MS = 250;

/** Domain time until a subscription is served that finds all places taken. */
const WAIT_MS = 200;

/** How many rows are read to find some that may go. */
const ROWS = 200;

interface Ended {
  readonly row: Pending;
  readonly outcome: Outcome | undefined;
}

export function deliverInJobs(deps: DeliverDeps): void {
  const pace = createPace(deps.clock);
  let served = 0;
  deps.jobs.handle(DELIVERY, async (run) => {
    if (served >= SERVED_AT_A_TIME) return run.again(deps.clock.now() + WAIT_MS);
    served += 1;
    try {
      await serve(deps, pace, run);
    } finally {
      served -= 1;
    }
  });
}

async function serve(deps: DeliverDeps, pace: ReturnType<typeof createPace>, run: JobRun): Promise<void> {
  const { db, clock, wakes } = deps;
  const [topicName = '', id = ''] = run.key.id.split(':');
  const key: SubscriptionKey = { account: run.key.account, region: run.key.region, topic: topicName, id };
  const flying = new Map<string, Pending>();
  const ended: Ended[] = [];
  let ring: (() => void) | undefined;
  let rung = false;
  const bell = (): void => {
    rung = true;
    ring?.();
  };
  const unlisten = wakes.listen(id, bell);
  run.signal.addEventListener('abort', bell);
  const look = db.kind === 'postgres' ? setInterval(bell, LOOK_MS) : undefined;

  function launch(topic: TopicRow, to: SubscriptionRow, row: Pending): void {
    flying.set(nameOf(row), row);
    void attempt(deps, topic, to, row, run.signal).then((outcome) => outcome, () => undefined).then((outcome) => {
      ended.push({ row, outcome });
      bell();
    });
  }

  try {
    for (;;) {
      rung = false;
      const over = ended.splice(0);
      if (over.length > 0) await commit(deps, run, over);
      // Not before: a row that has not been written yet would be taken for one that is due.
      for (const { row } of over) flying.delete(nameOf(row));
      if (run.signal.aborted) {
        if (flying.size === 0) throw run.signal.reason;
      } else {
        const [topic, to] = await Promise.all([findTopic(reading(db), key), findSubscription(reading(db), key)]);
        if (topic === undefined || to === undefined || isExpired(to, clock.now())) {
          if (flying.size === 0) return await forget(deps, run, key, to);
        } else {
          const { ready, next } = await choose(deps, pace, topic, to, flying);
          for (const row of ready) launch(topic, to, row);
          if (flying.size === 0) {
            const end = to.status === 'confirmed' ? undefined : to.created + PENDING_MS;
            const due = Math.min(next ?? Infinity, end ?? Infinity);
            if (due !== Infinity) run.again(Math.max(due, clock.now()));
            return;
          }
        }
      }
      if (!rung && ended.length === 0) await new Promise<void>((resolve) => (ring = resolve));
    }
  } finally {
    unlisten();
    run.signal.removeEventListener('abort', bell);
    if (look !== undefined) clearInterval(look);
  }
}

const nameOf = (row: DeliveryRow): string => `${row.sequence}/${row.message}`;

const isExpired = (row: SubscriptionRow, now: number): boolean => row.status !== 'confirmed' && now >= row.created + PENDING_MS;

/** Whoever is not subscribed gets nothing but the question whether to be. */
const mayHave = (to: SubscriptionRow, { kind }: Pending): boolean => to.status === 'confirmed' || kind === (to.status === 'pending' ? 'confirmation' : 'farewell');

/** What may go now, and when there is more. In a FIFO topic one message of a group at a time, in order. */
async function choose(deps: DeliverDeps, pace: ReturnType<typeof createPace>, topic: TopicRow, to: SubscriptionRow, flying: ReadonlyMap<string, Pending>): Promise<{ ready: Pending[]; next: number | undefined }> {
  const now = deps.clock.now();
  const room = IN_FLIGHT - flying.size;
  if (room <= 0) return { ready: [], next: undefined };
  const most = ['http', 'https'].includes(to.protocol) ? effectivePolicy(attributesOf(topic)['DeliveryPolicy'], attributesOf(to)['DeliveryPolicy']).throttlePolicy?.maxReceivesPerSecond : undefined;
  const { free, from } = pace.room(to.id, most);
  const candidates = topic.topic.endsWith('.fifo') ? await headsOfGroups(deps.db, to, [...flying.values()].map((row) => row.group_id)) : (await listByDue(deps.db, to, IN_FLIGHT * 2)).filter((row) => !flying.has(nameOf(row)));
  const wanted = candidates.filter((row) => mayHave(to, row));
  const due = wanted.filter((row) => row.due <= now);
  const ready = due.slice(0, Math.min(room, free));
  pace.note(to.id, most, ready.length);
  const later = wanted.filter((row) => row.due > now).map((row) => row.due);
  if (due.length > ready.length && free < room) later.push(from);
  return { ready, next: later.length === 0 ? undefined : Math.min(...later) };
}

async function headsOfGroups(db: Database, to: SubscriptionRow, taken: readonly string[]): Promise<Pending[]> {
  const heads = new Map<string, Pending>();
  // Behind one long group there may be others; each look leaves out those that are known.
  for (let rows = ROWS; rows === ROWS && heads.size < IN_FLIGHT;) {
    const found = await listInOrder(db, to, [...new Set([...taken, ...heads.keys()])], ROWS);
    for (const row of found) if (!heads.has(row.group_id)) heads.set(row.group_id, row);
    rows = found.length;
  }
  return [...heads.values()];
}

async function commit({ db, clock }: DeliverDeps, run: JobRun, ended: readonly Ended[]): Promise<void> {
  await db.transaction(async (tx) => {
    await run.fence(tx);
    for (const { row, outcome } of ended) if (outcome !== undefined) await apply(tx, row, outcome, clock.now());
  });
}

async function apply(tx: Transaction, row: Pending, outcome: Outcome, now: number): Promise<void> {
  if (outcome.end === 'done') await deleteDelivery(tx, row);
  else if (outcome.end === 'dead') await updateDelivery(tx, row, { kind: 'dead', attempts: 0, due: now });
  else await updateDelivery(tx, row, { attempts: row.attempts + 1, due: now + Math.floor(outcome.seconds * 1000) });
}

/** A subscription that is gone gets nothing more; one that nobody confirmed, or wanted back, goes. */
async function forget({ db }: DeliverDeps, run: JobRun, key: SubscriptionKey, to: SubscriptionRow | undefined): Promise<void> {
  await db.transaction(async (tx) => {
    await run.fence(tx);
    if (to !== undefined && to.status !== 'confirmed') await deleteSubscription(tx, key);
    await deleteDeliveriesOf(tx, key);
  });
}
