import { createHash } from 'node:crypto';
import type { SendMessageBatchRequestEntry, SendMessageRequest } from '@slipway/contracts/sqs';
import type { Seal } from '../../../kernel/seal.ts';
import { attributesOf } from '../queues/attributes.ts';
import { fail, invalidParameter, missingParameter } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { checkAttributes, checkCharacters, keep, md5OfAttributes, sizeOf } from './message-attributes.ts';
import type { KeptAttributes } from './message-attributes.ts';
import type { QueueRow } from '../queues/store.ts';

/** What of a message is kept together and sealed: everything that its sender said. */
export interface Content {
  readonly body: string;
  readonly md5: string;
  readonly attributes?: KeptAttributes;
  /** AWSTraceHeader */
  readonly trace?: string;
  /** The sender's unique id. */
  readonly sender: string;
  readonly deduplication?: string;
}

/** A message that may be sent. */
export interface Outgoing {
  readonly content: Content;
  readonly md5OfAttributes: string | undefined;
  readonly md5OfSystemAttributes: string | undefined;
  readonly group: string | undefined;
  /** FIFO queues' messages have one. */
  readonly deduplication: string | undefined;
  readonly delaySeconds: number;
  /** Bytes */
  readonly size: number;
}

type Given = Pick<SendMessageRequest & SendMessageBatchRequestEntry, 'MessageBody' | 'DelaySeconds' | 'MessageAttributes' | 'MessageSystemAttributes' | 'MessageDeduplicationId' | 'MessageGroupId'>;

const TOKEN = /^[A-Za-z0-9!-/:-@[-`{-~]+$/;

/** Reads what is to be sent to the queue; throws what AWS answers when it may not be. */
export function readMessage(queue: QueueRow, given: Given, sender: string): Outgoing {
  const { MessageBody: body, MessageAttributes: attributes = {}, MessageSystemAttributes: system = {} } = given;
  const settings = attributesOf(queue);
  if (body === '') throw missingParameter('MessageBody');
  checkAttributes(attributes);
  checkSystemAttributes(system);
  const size = Buffer.byteLength(body) + sizeOf(attributes);
  if (size > settings.MaximumMessageSize) {
    throw fail('InvalidParameterValue', `One or more parameters are invalid. Reason: Message must be shorter than ${settings.MaximumMessageSize} bytes.`);
  }
  checkCharacters(body, 'message body');
  const order = queue.fifo === 1 ? fifoOrder(given, settings.ContentBasedDeduplication) : standardOrder(given);
  const md5 = createHash('md5').update(body).digest('hex');
  const trace = system['AWSTraceHeader']?.StringValue;
  const content: Content = {
    body, md5, sender,
    ...(Object.keys(attributes).length > 0 && { attributes: keep(attributes) }),
    ...(trace !== undefined && { trace }),
    ...(order.deduplication !== undefined && { deduplication: order.deduplication }),
  };
  return {
    content, size, ...order,
    md5OfAttributes: md5OfAttributes(attributes),
    md5OfSystemAttributes: md5OfAttributes(system),
    delaySeconds: given.DelaySeconds ?? settings.DelaySeconds,
  };
}

type Order = Pick<Outgoing, 'group' | 'deduplication'>;

/** A standard queue's group is for fairness alone: it is kept and shown, and orders nothing. */
function standardOrder({ DelaySeconds, MessageGroupId, MessageDeduplicationId }: Given): Order {
  if (DelaySeconds !== undefined && (!Number.isInteger(DelaySeconds) || DelaySeconds < 0 || DelaySeconds > LIMITS.longestDelaySeconds)) {
    throw invalidParameter(DelaySeconds, 'DelaySeconds', `DelaySeconds must be >= 0 and <= ${LIMITS.longestDelaySeconds}.`);
  }
  if (MessageDeduplicationId !== undefined) throw invalidParameter(MessageDeduplicationId, 'MessageDeduplicationId', 'The request includes a parameter that is not valid for this queue type.');
  if (MessageGroupId !== undefined) checkToken('MessageGroupId', MessageGroupId);
  return { group: MessageGroupId, deduplication: undefined };
}

function fifoOrder({ DelaySeconds, MessageBody, MessageGroupId, MessageDeduplicationId }: Given, byContent: boolean): Order {
  // Tools send 0 for "none".
  if (DelaySeconds !== undefined && DelaySeconds !== 0) throw invalidParameter(DelaySeconds, 'DelaySeconds', 'The request include parameter that is not valid for this queue type.');
  if (MessageGroupId === undefined) throw missingParameter('MessageGroupId');
  checkToken('MessageGroupId', MessageGroupId);
  if (MessageDeduplicationId === undefined && !byContent) {
    throw fail('InvalidParameterValue', 'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly');
  }
  if (MessageDeduplicationId !== undefined) checkToken('MessageDeduplicationId', MessageDeduplicationId);
  return { group: MessageGroupId, deduplication: MessageDeduplicationId ?? createHash('sha256').update(MessageBody).digest('hex') };
}

export function checkToken(parameter: string, value: string): void {
  if (value.length > LIMITS.tokenLength || !TOKEN.test(value)) {
    throw invalidParameter(value, parameter, `${parameter} can only include alphanumeric and punctuation characters. 1 to ${LIMITS.tokenLength} in length.`);
  }
}

function checkSystemAttributes(system: NonNullable<Given['MessageSystemAttributes']>): void {
  for (const [name, { DataType, StringValue }] of Object.entries(system)) {
    if (name !== 'AWSTraceHeader') throw fail('InvalidParameterValue', `Message system attribute name '${name}' is invalid.`);
    if (DataType !== 'String' || StringValue === undefined || StringValue === '') throw fail('InvalidParameterValue', `Message system attribute '${name}' must be a non-empty value of type 'String'.`);
    checkCharacters(StringValue, `message system attribute '${name}'`);
  }
}

/** The place under which a message's content is sealed; the same wherever the message goes. */
const place = (id: string): string => `sqs_messages/content/${id}`;

/** A message's content as a queue keeps it: sealed, unless its owner turned encryption off. */
export function pack(seal: Seal, queue: QueueRow, id: string, content: Content): { content: string; sealed: number } {
  const text = JSON.stringify(content);
  return attributesOf(queue).SqsManagedSseEnabled ? { content: seal.seal(text, place(id)), sealed: 1 } : { content: text, sealed: 0 };
}

export function unpack(seal: Seal, row: { readonly id: string; readonly content: string; readonly sealed: number }): Content {
  return JSON.parse(row.sealed === 1 ? seal.open(row.content, place(row.id)) : row.content) as Content;
}
