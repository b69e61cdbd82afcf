import type { SQSApi } from '@slipway/contracts';
import { isUniqueViolation } from '../../../kernel/database/index.ts';
import type { Transaction } from '../../../kernel/database.ts';
import { suffix } from '../../../kernel/ids.ts';
import type { Place } from '../../../kernel/place.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { putTags, removeAllTags } from '../../../kernel/tags.ts';
import { queueArn, queueUrl } from '../arns.ts';
import type { QueueName } from '../arns.ts';
import { checkKnown, effective, merge, sameValue, TOLD, unknownAttribute } from './attributes.ts';
import type { Given } from './attributes.ts';
import type { SqsContext } from '../deps.ts';
import { fail, invalidParameter, noSuchQueue } from '../fail.ts';
import { beginOrder, removeOrder } from '../messages/fifo-store.ts';
import { LIMITS, MINUTE_MS } from '../limits.ts';
import { countMessages } from '../messages/store.ts';
import { pagesOf } from '../pages.ts';
import { findQueue, insertQueue, listQueues, listSources, lockLiving, lockQueue, reading, removeQueueRow, updateQueue, writing } from './store.ts';
import type { QueueRow } from './store.ts';
import { readRedrivePolicy } from './redrive-policy.ts';
import { checkTarget } from './sources.ts';
import { refuseTags } from '../tags.ts';
import { throwAway } from './upkeep.ts';

export function queues(context: SqsContext) {
  const { db, clock, jobs, paging, policies, queues: lookup, waiting } = context;

  async function create(tx: Transaction, at: QueueName, given: Given, tags: Readonly<Record<string, string>>): Promise<void> {
    const now = clock.now();
    const known = await lockQueue(tx, at);
    if (known?.deleted === null) return sameQueue(known, given);
    if (known !== undefined && now < (known.deleted ?? 0) + MINUTE_MS) throw fail('QueueDeletedRecently', 'You must wait 60 seconds after deleting a queue before you can create another with the same name.');
    if (known !== undefined) await removeQueueRow(tx, at);
    const fifo = at.name.endsWith('.fifo');
    const { FifoQueue: _, ...others } = given;
    const attributes = merge({ fifo, had: fifo ? { FifoQueue: 'true' } : {} }, others, policies);
    if (attributes['RedrivePolicy'] !== undefined) await checkTarget(writing(tx), { ...at, fifo }, attributes['RedrivePolicy']);
    const row: QueueRow = {
      ...at, id: suffix(12), box: suffix(12), fifo: fifo ? 1 : 0, attributes: JSON.stringify(attributes), dead_letter_arn: deadLetterArn(attributes),
      created: now, modified: now, purged: null, deleted: null,
    };
    await insertQueue(tx, row);
    if (fifo) await beginOrder(tx, row);
    await putTags(tx, { account: at.account, arn: queueArn(at) }, Object.entries(tags).map(([key, value]) => ({ key, value })), refuseTags);
  }

  return {
    async CreateQueue({ QueueName: name, Attributes = {}, tags = {} }, call) {
      checkName(name, Attributes);
      const at: QueueName = { account: call.account, region: call.region, name };
      const once = () => db.transaction((tx) => create(tx, at, Attributes, tags));
      // Two creations at the same time both find the name free; the second then finds the first's queue.
      await once().catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
        return once();
      });
      return { QueueUrl: queueUrl(call.endpoint, at) };
    },

    async GetQueueUrl({ QueueName: name, QueueOwnerAWSAccountId: account = '' }, call) {
      const at = { account: account === '' ? call.account : account, region: call.region, name };
      if ((await findQueue(reading(db), at)) === undefined) throw noSuchQueue();
      return { QueueUrl: queueUrl(call.endpoint, at) };
    },

    async ListQueues({ QueueNamePrefix: prefix = '', MaxResults, NextToken }, call) {
      const { page, NextToken: next } = await pageOf({ call, operation: 'ListQueues', args: prefix, MaxResults, NextToken }, (slice) => listQueues(reading(db), call, { prefix, ...slice }));
      return { ...(page.length > 0 && { QueueUrls: page.map((row) => queueUrl(call.endpoint, row)) }), ...(next !== undefined && { NextToken: next }) };
    },

    async ListDeadLetterSourceQueues({ QueueUrl, MaxResults, NextToken }, call) {
      const queue = await lookup.get(call, QueueUrl);
      const arn = queueArn(queue);
      const { page, NextToken: next } = await pageOf({ call, operation: 'ListDeadLetterSourceQueues', args: arn, MaxResults, NextToken }, (slice) => listSources(reading(db), arn, slice));
      return { queueUrls: page.map((row) => queueUrl(call.endpoint, row)), ...(next !== undefined && { NextToken: next }) };
    },

    async GetQueueAttributes({ QueueUrl, AttributeNames = [] }, call) {
      const queue = await lookup.get(call, QueueUrl);
      checkKnown(AttributeNames);
      if (AttributeNames.length === 0) return {};
      const all = { ...effective(queue.fifo === 1, JSON.parse(queue.attributes) as Given), ...(await told(queue, AttributeNames)) };
      const asked = AttributeNames.includes('All') ? Object.entries(all) : Object.entries(all).filter(([name]) => AttributeNames.includes(name));
      return { Attributes: Object.fromEntries(asked) };
    },

    async SetQueueAttributes({ QueueUrl, Attributes }, call) {
      const at = await lookup.get(call, QueueUrl);
      await db.transaction(async (tx) => {
        const row = await lockLiving(tx, at);
        const { FifoQueue, ...others } = Attributes;
        // It cannot be changed; tools that write all attributes say what it is.
        if (FifoQueue !== undefined && (FifoQueue !== 'true' || row.fifo === 0)) throw unknownAttribute('FifoQueue');
        const merged = merge({ fifo: row.fifo === 1, had: JSON.parse(row.attributes) as Given }, others, policies);
        if (Attributes['RedrivePolicy'] !== undefined && merged['RedrivePolicy'] !== undefined) await checkTarget(writing(tx), { ...row, fifo: row.fifo === 1 }, merged['RedrivePolicy']);
        await updateQueue(tx, row, { attributes: JSON.stringify(merged), dead_letter_arn: deadLetterArn(merged), modified: clock.now() });
      });
      return {};
    },

    async PurgeQueue({ QueueUrl }, call) {
      const at = await lookup.get(call, QueueUrl);
      const now = clock.now();
      await db.transaction(async (tx) => {
        const row = await lockLiving(tx, at);
        if (row.purged !== null && now < row.purged + MINUTE_MS) throw fail('PurgeQueueInProgress', `Only one PurgeQueue operation on ${row.name} is allowed every 60 seconds.`);
        await updateQueue(tx, row, { box: suffix(12), purged: now });
        await throwAway(jobs, tx, row, now);
      });
      return {};
    },

    async DeleteQueue({ QueueUrl }, call) {
      const at = await lookup.get(call, QueueUrl);
      const now = clock.now();
      await db.transaction(async (tx) => {
        const row = await lockLiving(tx, at);
        await updateQueue(tx, row, { deleted: now, dead_letter_arn: null });
        await removeOrder(tx, row);
        await removeAllTags(tx, { account: row.account, arn: queueArn(row) });
        await throwAway(jobs, tx, row, now);
        // Polls learn that it is gone.
        tx.afterCommit(() => waiting.wake(row.id, Number.MAX_SAFE_INTEGER));
      });
      return {};
    },
  } satisfies Partial<Operations<SQSApi>>;

  async function told(queue: QueueRow, names: readonly string[]): Promise<Given> {
    const now = clock.now();
    const counted = names.some((name) => name === 'All' || name.startsWith('ApproximateNumber'));
    const retention = Number(effective(queue.fifo === 1, JSON.parse(queue.attributes) as Given)['MessageRetentionPeriod']);
    const counts = counted ? await countMessages(db, queue, { now, since: now - retention * 1000 }) : { visible: 0, inFlight: 0, delayed: 0 };
    return {
      ApproximateNumberOfMessages: String(counts.visible),
      ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
      ApproximateNumberOfMessagesDelayed: String(counts.delayed),
      CreatedTimestamp: String(Math.floor(queue.created / 1000)),
      LastModifiedTimestamp: String(Math.floor(queue.modified / 1000)),
      QueueArn: queueArn(queue),
    } satisfies Record<(typeof TOLD)[number], string>;
  }

  interface Listing {
    readonly call: Call;
    readonly operation: string;
    readonly args: string;
    readonly MaxResults: number | undefined;
    readonly NextToken: string | undefined;
  }

  async function pageOf({ call, operation, args, MaxResults, NextToken }: Listing, list: (slice: { after: string; limit: number }) => Promise<QueueRow[]>) {
    const limit = MaxResults ?? LIMITS.pageSize;
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.pageSize) throw invalidParameter(limit, 'MaxResults', `Must be between 1 and ${LIMITS.pageSize}.`);
    const listing = pagesOf(paging, call satisfies Place, operation, args);
    const after = String(listing.read(NextToken === '' ? undefined : NextToken)?.[0] ?? '');
    const { page, next } = listing.cut(await list({ after, limit: limit + 1 }), limit, ({ name }) => [name]);
    // AWS pages only for those who say how long a page is; others get the first thousand.
    return { page, NextToken: MaxResults === undefined ? undefined : next };
  }
}

const deadLetterArn = (attributes: Given): string | null => (attributes['RedrivePolicy'] === undefined ? null : readRedrivePolicy(attributes['RedrivePolicy']).deadLetterTargetArn);

/** A queue that is there already answers a creation with just its attributes. */
function sameQueue(row: QueueRow, given: Given): void {
  const has = effective(row.fifo === 1, JSON.parse(row.attributes) as Given);
  const differs = Object.keys(given).find((name) => given[name] !== '' && !sameValue(given[name], has[name]));
  if (differs !== undefined) throw fail('QueueNameExists', `A queue already exists with the same name and a different value for attribute ${differs}`);
}

const NAME = /^[A-Za-z0-9_-]+$/;

function checkName(name: string, attributes: Given): void {
  const { FifoQueue } = attributes;
  const fifo = name.endsWith('.fifo');
  if (FifoQueue !== undefined && FifoQueue !== 'true') throw unknownAttribute('FifoQueue');
  if ((FifoQueue === 'true') !== fifo) {
    throw fail('InvalidParameterValue', fifo || FifoQueue === 'true'
      ? `The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to ${LIMITS.nameLength} in length; its attribute FifoQueue must be true.`
      : plainName);
  }
  if (name.length > LIMITS.nameLength || !NAME.test(fifo ? name.slice(0, -'.fifo'.length) : name)) throw fail('InvalidParameterValue', plainName);
}

const plainName = `Can only include alphanumeric characters, hyphens, or underscores. 1 to ${LIMITS.nameLength} in length`;
