import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Seal } from '../../../kernel/seal.ts';
import { attributesOf } from '../queues/attributes.ts';
import { bury, deadLettersOf } from './dead-letters.ts';
import { availableGroups, findAttempt, firstOfGroup, lockOrder, nextAvailable, refreshGroup, rememberAttempt } from './fifo-store.ts';
import { DEDUPLICATION_MS } from '../limits.ts';
import { deleteMessage, lockMessage, markReceived, nextVisible, setVisibleAt, takeVisible } from './store.ts';
import type { MessageRow } from './store.ts';
import type { QueueRow } from '../queues/store.ts';
import type { Waiting } from './waiting.ts';

export interface TakeRequest {
  readonly limit: number;
  readonly now: number;
  readonly visibilitySeconds: number;
  /** ReceiveRequestAttemptId, on FIFO queues. */
  readonly attempt: string | undefined;
}

export interface Taken {
  /** As they are after this receive. */
  readonly rows: readonly MessageRow[];
  /** When nothing was taken: when that may change by itself. */
  readonly next: number | undefined;
}

export interface TakeDeps {
  readonly db: Database;
  readonly seal: Seal;
  readonly waiting: Waiting;
}

/** Takes messages in one transaction: nobody else is given them until their visibility timeout is over. */
export function take(deps: TakeDeps, queue: QueueRow, request: TakeRequest): Promise<Taken> {
  return deps.db.transaction((tx) => (queue.fifo === 1 ? takeInOrder(deps, tx, queue, request) : takeAny(deps, tx, queue, request)));
}

const sinceOf = (queue: QueueRow, now: number): number => now - attributesOf(queue).MessageRetentionPeriod * 1000;

async function takeAny(deps: TakeDeps, tx: Transaction, queue: QueueRow, request: TakeRequest): Promise<Taken> {
  const { limit, now } = request;
  const dead = await deadLettersOf(tx, queue);
  for (;;) {
    const rows = await takeVisible(tx, queue, { now, since: sinceOf(queue, now), limit });
    const spent = dead === undefined ? [] : rows.filter(({ receives }) => receives >= dead.most);
    if (dead === undefined || spent.length === 0) return received(tx, queue, rows, request);
    for (const row of spent) await bury(tx, queue, row, dead, { seal: deps.seal, now });
    tx.afterCommit(() => deps.waiting.wake(dead.queue.id, spent.length));
  }
}

async function received(tx: Transaction, queue: QueueRow, rows: readonly MessageRow[], { now, visibilitySeconds }: TakeRequest): Promise<Taken> {
  const visibleAt = now + visibilitySeconds * 1000;
  await markReceived(tx, queue, rows, { now, visibleAt });
  const after = rows.map((row) => ({ ...row, visible_at: visibleAt, receives: row.receives + 1, received: now, first_received: row.first_received ?? now }));
  if (after.length > 0) return { rows: after, next: undefined };
  return { rows: after, next: queue.fifo === 1 ? await nextAvailable(tx, queue, now) : await nextVisible(tx, queue, now) };
}

async function takeInOrder(deps: TakeDeps, tx: Transaction, queue: QueueRow, request: TakeRequest): Promise<Taken> {
  await lockOrder(tx, queue);
  const again = request.attempt === undefined ? undefined : await takeAgain(tx, queue, request.attempt, request);
  if (again !== undefined) return { rows: again, next: undefined };
  const found: MessageRow[] = [];
  const looked = new Set<string>();
  // A group whose messages have all expired or died gives none, and the next is asked.
  for (let more = true; more && found.length < request.limit;) {
    const groups = (await availableGroups(tx, queue, request.now, request.limit + looked.size)).filter((group) => !looked.has(group));
    more = groups.length > 0;
    for (const group of groups) {
      if (found.length === request.limit) break;
      looked.add(group);
      found.push(...(await fromGroup(deps, tx, queue, group, request, request.limit - found.length)));
    }
  }
  const taken = await received(tx, queue, found, request);
  for (const group of looked) await refreshGroup(tx, queue, group);
  if (taken.rows.length === 0) return { rows: [], next: await nextAvailable(tx, queue, request.now) };
  if (request.attempt !== undefined) await rememberAttempt(tx, queue, request.attempt, { received: JSON.stringify(taken.rows.map(({ sent, id, receives }) => [sent, id, receives])), expires: request.now + DEDUPLICATION_MS });
  return taken;
}

/** The group's next messages, in order; those in front that have expired or died go away. */
async function fromGroup(deps: TakeDeps, tx: Transaction, queue: QueueRow, group: string, { now }: TakeRequest, limit: number): Promise<MessageRow[]> {
  const dead = await deadLettersOf(tx, queue);
  for (;;) {
    const rows = await firstOfGroup(tx, queue, group, limit);
    const hidden = rows.findIndex((row) => row.visible_at > now);
    const visible = hidden < 0 ? rows : rows.slice(0, hidden);
    const expired = visible.filter(({ sent }) => sent <= sinceOf(queue, now));
    const spent = dead === undefined ? [] : visible.filter((row) => row.receives >= dead.most && !expired.includes(row));
    if (expired.length + spent.length === 0) return visible;
    for (const row of expired) await deleteMessage(tx, queue, row);
    if (dead === undefined || spent.length === 0) continue;
    for (const row of spent) await bury(tx, queue, row, dead, { seal: deps.seal, now });
    tx.afterCommit(() => deps.waiting.wake(dead.queue.id, 1));
  }
}

/** A receive attempt that is repeated gets the same messages and handles, hidden anew, unless something happened to them since. */
async function takeAgain(tx: Transaction, queue: QueueRow, attempt: string, { now, visibilitySeconds }: TakeRequest): Promise<MessageRow[] | undefined> {
  const known = await findAttempt(tx, queue, attempt, now);
  if (known === undefined) return undefined;
  const rows: MessageRow[] = [];
  for (const [sent, id, receives] of JSON.parse(known) as [number, string, number][]) {
    const row = await lockMessage(tx, queue, { sent, id });
    if (row?.receives !== receives || row.visible_at <= now) return undefined;
    rows.push(row);
  }
  const visibleAt = now + visibilitySeconds * 1000;
  for (const row of rows) await setVisibleAt(tx, queue, row, visibleAt);
  for (const group of new Set(rows.map(({ message_group }) => message_group ?? ''))) await refreshGroup(tx, queue, group);
  return rows.map((row) => ({ ...row, visible_at: visibleAt }));
}
