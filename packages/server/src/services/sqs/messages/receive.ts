import type { SQSApi } from '@slipway/contracts';
import type { Message, ReceiveMessageRequest, ReceiveMessageResult } from '@slipway/contracts/sqs';
import type { Call, Operations } from '../../../kernel/service.ts';
import { attributesOf, checkKnown } from '../queues/attributes.ts';
import type { SqsContext } from '../deps.ts';
import { fail, invalidParameter, noSuchQueue } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { checkToken, unpack } from './message.ts';
import { md5OfAttributes, select } from './message-attributes.ts';
import { countInFlight } from './store.ts';
import type { MessageRow } from './store.ts';
import { findQueue, reading } from '../queues/store.ts';
import type { QueueRow } from '../queues/store.ts';
import { sequenceNumber } from './send.ts';
import { take } from './take.ts';
import type { Taken } from './take.ts';

const SYSTEM_ATTRIBUTES: ReadonlySet<string> = new Set([
  'All', 'AWSTraceHeader', 'ApproximateFirstReceiveTimestamp', 'ApproximateReceiveCount', 'DeadLetterQueueSourceArn', 'MessageDeduplicationId',
  'MessageGroupId', 'SenderId', 'SentTimestamp', 'SequenceNumber',
]);

export function receive(context: SqsContext) {
  const { db, clock, queues, waiting } = context;
  const headroom = createHeadroom(context);

  async function takeNow(queue: QueueRow, input: ReceiveMessageRequest): Promise<Taken> {
    const taken = await take(context, queue, {
      limit: input.MaxNumberOfMessages ?? 1,
      now: clock.now(),
      visibilitySeconds: input.VisibilityTimeout ?? attributesOf(queue).VisibilityTimeout,
      attempt: input.ReceiveRequestAttemptId,
    });
    headroom.use(queue, taken.rows.length);
    return taken;
  }

  async function poll(queue: QueueRow, input: ReceiveMessageRequest, call: Call, waitSeconds: number): Promise<readonly MessageRow[]> {
    const until = clock.now() + waitSeconds * 1000;
    const place = waiting.enter(queue.id);
    let taken: Taken = { rows: [], next: undefined };
    try {
      for (let now: QueueRow | undefined = queue, waited = true; ; now = await findQueue(reading(db), queue)) {
        // It may have been purged or deleted while we waited.
        if (now?.id !== queue.id) throw noSuchQueue();
        if (call.signal.aborted) return [];
        if (!(await headroom.isOver(now))) taken = await takeNow(now, input);
        if (taken.rows.length > 0 || !waited) return taken.rows;
        if (taken.next !== undefined && taken.next <= until) waiting.wakeAt(queue.id, taken.next);
        waited = await place.wait(until, call.signal);
      }
    } finally {
      place.leave(taken.rows.length === 0 ? 'nothing' : taken.rows.length === (input.MaxNumberOfMessages ?? 1) ? 'full' : 'some');
    }
  }

  return {
    async ReceiveMessage(input, call): Promise<ReceiveMessageResult> {
      const queue = await queues.get(call, input.QueueUrl);
      checkInput(queue, input);
      const waitSeconds = input.WaitTimeSeconds ?? attributesOf(queue).ReceiveMessageWaitTimeSeconds;
      const rows = waitSeconds > 0 ? await poll(queue, input, call, waitSeconds) : await short(queue, input);
      return rows.length === 0 ? {} : { Messages: rows.map((row) => messageOf(context, queue, row, input)) };
    },
  } satisfies Partial<Operations<SQSApi>>;

  async function short(queue: QueueRow, input: ReceiveMessageRequest): Promise<readonly MessageRow[]> {
    if (!(await headroom.isOver(queue))) return (await takeNow(queue, input)).rows;
    // FIFO queues answer that there is nothing.
    if (queue.fifo === 1) return [];
    throw fail('OverLimit', `Too many messages are in flight: ${context.inFlight} is the most that a queue has.`);
  }
}

function checkInput(queue: QueueRow, input: ReceiveMessageRequest): void {
  const { MaxNumberOfMessages: most = 1, VisibilityTimeout: visibility = 0, WaitTimeSeconds: wait = 0, ReceiveRequestAttemptId: attempt } = input;
  if (!within(most, 1, LIMITS.messagesPerReceive)) throw invalidParameter(most, 'MaxNumberOfMessages', `Must be between 1 and ${LIMITS.messagesPerReceive}, if provided.`);
  if (!within(visibility, 0, LIMITS.longestVisibilitySeconds)) throw invalidParameter(visibility, 'VisibilityTimeout', `Must be >= 0 and <= ${LIMITS.longestVisibilitySeconds}, if provided.`);
  if (!within(wait, 0, LIMITS.longestWaitSeconds)) throw invalidParameter(wait, 'WaitTimeSeconds', `Must be >= 0 and <= ${LIMITS.longestWaitSeconds}, if provided.`);
  if (attempt !== undefined && queue.fifo === 0) throw invalidParameter(attempt, 'ReceiveRequestAttemptId', 'The request includes a parameter that is not valid for this queue type.');
  if (attempt !== undefined) checkToken('ReceiveRequestAttemptId', attempt);
  checkKnown(systemNames(input).filter((name) => !SYSTEM_ATTRIBUTES.has(name)));
}

const within = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;

/** Two members of one meaning; the older is deprecated and still what many send. */
const systemNames = ({ AttributeNames = [], MessageSystemAttributeNames = [] }: ReceiveMessageRequest): string[] => [...AttributeNames, ...MessageSystemAttributeNames];

function messageOf({ seal, receipts }: SqsContext, queue: QueueRow, row: MessageRow, input: ReceiveMessageRequest): Message {
  const { sent, id, receives } = row;
  const content = unpack(seal, row);
  const names = systemNames(input);
  const system: Readonly<Record<string, string | undefined>> = {
    SenderId: content.sender,
    SentTimestamp: String(sent),
    ApproximateReceiveCount: String(receives),
    ApproximateFirstReceiveTimestamp: String(row.first_received),
    AWSTraceHeader: content.trace,
    MessageGroupId: row.message_group ?? undefined,
    MessageDeduplicationId: content.deduplication,
    SequenceNumber: row.sequence === null ? undefined : sequenceNumber(row.sequence),
    DeadLetterQueueSourceArn: row.dead_letter_source ?? undefined,
  };
  const Attributes = Object.fromEntries(Object.entries(system).filter((entry): entry is [string, string] => entry[1] !== undefined && (names.includes('All') || names.includes(entry[0]))));
  const MessageAttributes = content.attributes === undefined ? {} : select(content.attributes, input.MessageAttributeNames ?? []);
  const md5 = md5OfAttributes(MessageAttributes);
  return {
    MessageId: id,
    ReceiptHandle: receipts.issue({ queue: queue.id, box: row.box, sent, id, receives }),
    MD5OfBody: content.md5,
    Body: content.body,
    ...(Object.keys(Attributes).length > 0 && { Attributes }),
    ...(md5 !== undefined && { MD5OfMessageAttributes: md5, MessageAttributes }),
  };
}

/**
 * How many more messages may be in flight. Counting them takes longer than receiving some, so they are counted anew only
 * when half of what was left at the last count has been taken here, which leaves the other half to other servers.
 */
function createHeadroom({ db, clock, inFlight: most }: Pick<SqsContext, 'db' | 'clock' | 'inFlight'>) {
  const left = new Map<string, number>();
  return {
    async isOver(queue: QueueRow): Promise<boolean> {
      if ((left.get(queue.box) ?? 0) > 0) return false;
      const free = most - (await countInFlight(db, queue, clock.now(), most));
      if (left.size >= MOST_QUEUES) left.clear();
      left.set(queue.box, Math.ceil(free / 2));
      return free === 0;
    },
    use(queue: QueueRow, messages: number): void {
      left.set(queue.box, (left.get(queue.box) ?? 0) - messages);
    },
  };
}

/** Ours: beyond it all are counted anew, so that queues of the past take no memory. */
const MOST_QUEUES = 10_000;
