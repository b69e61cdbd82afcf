import { createHash } from 'node:crypto';
import type { JobRun, Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { TopicKey } from '../arns.ts';
import { DELIVERY } from '../delivery/deliver.ts';
import { findDeduplication, findMessage, insertDeliveries, insertMessage, putDeduplication, setFanOut } from '../delivery/store.ts';
import { invalid, noTopic } from '../fail.ts';
import { passes } from '../subscriptions/filter-policy.ts';
import { DEDUPLICATION_MS, DIRECT_FAN_OUT } from '../limits.ts';
import { bodyFor } from './message.ts';
import type { Content } from './message.ts';
import { findTopic, listConfirmed, lockTopic, updateTopic } from '../store.ts';
import { scopeOf } from '../subscriptions/attributes.ts';
import { writing } from '../tables.ts';
import type { MessageRow, SubscriptionRow, TopicRow } from '../tables.ts';
import { attributesOf, isFifo } from '../topics/attributes.ts';
import type { Wakes } from '../delivery/wakes.ts';

const FAN_OUT = 'sns/fan-out';

export interface AcceptDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly wakes: Wakes;
}

export interface Accepted {
  readonly MessageId: string;
  readonly SequenceNumber?: string;
}

/** Takes messages in: the message and a delivery per matching subscription are on disk when the transaction has committed. */
export interface Acceptance {
  /** The topic as the messages find it; locked where their order counts. */
  topic(tx: Transaction, key: TopicKey): Promise<TopicRow>;
  accept(tx: Transaction, topic: TopicRow, content: Content): Promise<Accepted>;
}

/** A topic with many subscriptions is served by a job, page by page, that goes on where it was after a crash. */
export function acceptance(deps: AcceptDeps): Acceptance {
  const { db, clock, jobs, wakes } = deps;

  async function deliverTo(tx: Transaction, message: MessageRow, content: Content, sequence: number, matching: readonly SubscriptionRow[]): Promise<void> {
    const { account, region, topic, created } = message;
    await insertDeliveries(tx, matching.map(({ id }) => ({
      account, region, subscription: id, sequence, message: message.id, topic, kind: 'message', group_id: content.sequence === undefined ? '' : (content.group ?? ''), attempts: 0, due: created,
    })));
    for (const { id } of matching) {
      await jobs.wake(tx, { kind: DELIVERY, account, region, id: `${topic}:${id}` }, created);
      tx.afterCommit(() => wakes.wake(id));
    }
  }

  async function fanOut(run: JobRun): Promise<void> {
    for (let more = true; more;) {
      more = await db.transaction(async (tx) => {
        await run.fence(tx);
        const message = await findMessage(writing(tx), run.key, run.key.id);
        if (message === undefined || message.fan_out === null) return false;
        const found = await listConfirmed(writing(tx), message, { after: message.fan_out, limit: DIRECT_FAN_OUT });
        const content = JSON.parse(message.content) as Content;
        await deliverTo(tx, message, content, message.created, found.filter((row) => wants(row, content)));
        const last = found.length < DIRECT_FAN_OUT ? null : found.at(-1)!.id;
        await setFanOut(tx, message, last);
        return last !== null;
      });
    }
  }
  jobs.handle(FAN_OUT, fanOut);

  /** The same id within five minutes is answered the same and delivered once. */
  async function inOrder(tx: Transaction, topic: TopicRow, content: Content, put: (content: Content, id: string, sequence: number) => Promise<void>): Promise<Accepted> {
    const attributes = attributesOf(topic);
    const id = content.deduplication ?? (attributes['ContentBasedDeduplication'] === 'true' ? createHash('sha256').update(content.message).digest('hex') : undefined);
    if (id === undefined) throw invalid('The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly');
    const scope = attributes['FifoThroughputScope'] === 'MessageGroup' ? `group ${content.group}` : 'topic';
    const known = await findDeduplication(tx, topic, scope, id, clock.now());
    if (known !== undefined) return { MessageId: known.message, SequenceNumber: digits(known.sequence) };
    const sequence = ((await lockTopic(tx, topic))?.sequence ?? topic.sequence) + 1;
    await updateTopic(tx, topic, { sequence });
    const message = uuid();
    const { account, region, topic: name } = topic;
    await putDeduplication(tx, { account, region, topic: name, scope, id, message, sequence, expires: clock.now() + DEDUPLICATION_MS });
    await put({ ...content, deduplication: id, sequence: digits(sequence) }, message, sequence);
    return { MessageId: message, SequenceNumber: digits(sequence) };
  }

  return {
    async topic(tx, key) {
      const row = await (key.topic.endsWith('.fifo') ? lockTopic(tx, key) : findTopic(writing(tx), key));
      if (row === undefined) throw noTopic();
      return row;
    },

    async accept(tx, topic, content) {
      const { account, region, topic: name } = topic;
      const created = clock.now();
      const put = async (kept: Content, id: string, sequence: number): Promise<void> => {
        const found = await listConfirmed(writing(tx), topic, { after: undefined, limit: DIRECT_FAN_OUT + 1 });
        const many = found.length > DIRECT_FAN_OUT;
        const matching = many ? [] : found.filter((row) => wants(row, kept));
        if (!many && matching.length === 0) return;
        const message: MessageRow = { account, region, id, topic: name, content: JSON.stringify(kept), created, fan_out: many ? '' : null };
        await insertMessage(tx, message);
        if (many) await jobs.wake(tx, { kind: FAN_OUT, account, region, id });
        else await deliverTo(tx, message, kept, sequence, matching);
      };
      if (isFifo(attributesOf(topic))) return inOrder(tx, topic, content, put);
      const id = uuid();
      await put(content, id, created);
      return { MessageId: id };
    },
  };
}

function wants(row: SubscriptionRow, content: Content): boolean {
  const attributes = attributesOf(row);
  const policy = attributes['FilterPolicy'];
  return policy === undefined || passes(policy, scopeOf(attributes), content, bodyFor(content, row.protocol));
}

/** AWS's sequence numbers have 20 digits and grow. */
function digits(sequence: number): string {
  return String(10n ** 19n + BigInt(sequence));
}
