import type { MessageAttributeValue, PublishInput } from '@slipway/contracts/sns';
import { fail, invalid } from '../fail.ts';
import { LIMITS } from '../limits.ts';

/** A message as it is kept: what each subscription gets is made from it. */
export interface Content {
  readonly message: string;
  readonly subject?: string;
  /** By protocol, with `default`; `message` is not sent then. */
  readonly structure?: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly group?: string;
  readonly deduplication?: string;
  /** AWS's 20 digits; FIFO topics only. */
  readonly sequence?: string;
}

/** `value`: base64 for Binary. */
export interface Attribute {
  readonly type: string;
  readonly value: string;
}

type MessageInput = Pick<PublishInput, 'Message' | 'Subject' | 'MessageStructure' | 'MessageAttributes' | 'MessageDeduplicationId' | 'MessageGroupId'>;

const ID = /^[\x21-\x7e]{1,128}$/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/i;

/** The bytes that count: the message and its attributes' names, types and values. */
export function sizeOf(input: MessageInput): number {
  const attributes = Object.entries(input.MessageAttributes ?? {});
  return Buffer.byteLength(input.Message) + attributes.reduce((sum, [name, { DataType, StringValue = '', BinaryValue }]) =>
    sum + Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue) + (BinaryValue?.length ?? 0), 0);
}

/** Reads and checks what is published. @throws what AWS answers. */
export function readMessage(input: MessageInput, fifo: boolean): Content {
  if (input.Message === '') throw invalid('Empty message');
  if (sizeOf(input) > LIMITS.messageSize) throw invalid('Message too long');
  const subject = input.Subject;
  if (subject !== undefined && (subject === '' || subject.length > LIMITS.subjectLength || CONTROL.test(subject))) throw invalid('Subject');
  checkIds(input, fifo);
  return {
    message: input.Message,
    ...(subject !== undefined && { subject }),
    ...(input.MessageStructure !== undefined && input.MessageStructure !== '' && { structure: readStructure(input.MessageStructure, input.Message) }),
    attributes: readAttributes(input.MessageAttributes ?? {}),
    ...(input.MessageGroupId !== undefined && { group: input.MessageGroupId }),
    ...(input.MessageDeduplicationId !== undefined && { deduplication: input.MessageDeduplicationId }),
  };
}

function checkIds({ MessageGroupId: group, MessageDeduplicationId: deduplication }: MessageInput, fifo: boolean): void {
  if (fifo && group === undefined) throw invalid('The MessageGroupId parameter is required for FIFO topics');
  if (group !== undefined && !ID.test(group)) throw invalid('The MessageGroupId can only include alphanumeric and punctuation characters and be between 1 and 128 characters long');
  if (!fifo && deduplication !== undefined) throw invalid('MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type');
  if (deduplication !== undefined && !ID.test(deduplication)) throw invalid('The MessageDeduplicationId can only include alphanumeric and punctuation characters and be between 1 and 128 characters long');
}

function readStructure(structure: string, message: string): Record<string, string> {
  if (structure !== 'json') throw invalid('MessageStructure');
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    json = undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid('Message Structure - JSON message body failed to parse');
  const texts = Object.fromEntries(Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  if (texts['default'] === undefined) throw invalid('Message Structure - No default entry in JSON message body');
  return texts;
}

function readAttributes(given: Readonly<Record<string, MessageAttributeValue>>): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, readAttribute(name, value)]));
}

function readAttribute(name: string, { DataType: type, StringValue: text, BinaryValue: bytes }: MessageAttributeValue): Attribute {
  if (!ATTRIBUTE_NAME.test(name)) throw fail('InvalidParameterValueException', `Invalid parameter: The message attribute name '${name}' is not valid`);
  if (!/^(String|Number|Binary)(\.[^.].{0,254})?$/.test(type)) throw wrong(name, `has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`);
  const binary = type.startsWith('Binary');
  const value = binary ? (bytes === undefined ? '' : Buffer.from(bytes).toString('base64')) : (text ?? '');
  if (value === '') throw wrong(name, `must contain non-empty message attribute value for message attribute type '${type}'.`);
  if ((binary ? text : bytes) !== undefined) throw wrong(name, `has more than one value; its type is '${type}'.`);
  if (type.startsWith('Number') && !(value.trim() === value && Number.isFinite(Number(value)))) throw wrong(name, `could not be converted to a number.`);
  if (type === 'String.Array' && !isArray(value)) throw wrong(name, `is no JSON array of strings, numbers, booleans and nulls.`);
  return { type, value };
}

function isArray(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) && json.every((one) => one === null || ['string', 'number', 'boolean'].includes(typeof one));
  } catch {
    return false;
  }
}

function wrong(name: string, what: string): Error {
  return fail('InvalidParameterValueException', `Invalid parameter: The message attribute '${name}' ${what}`);
}

/** What a protocol's subscriptions are sent. */
export function bodyFor({ message, structure }: Content, protocol: string): string {
  return structure === undefined ? message : (structure[protocol] ?? structure['default'] ?? '');
}
