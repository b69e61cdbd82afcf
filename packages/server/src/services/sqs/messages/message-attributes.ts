import { createHash } from 'node:crypto';
import type { MessageAttributeValue } from '@slipway/contracts/sqs';
import { fail } from '../fail.ts';
import { LIMITS } from '../limits.ts';

export type MessageAttributes = Readonly<Record<string, MessageAttributeValue>>;

/** Message attributes as they are kept, since JSON has no bytes: `s` is text, `b` base64. */
export type KeptAttributes = Readonly<Record<string, { readonly t: string; readonly s?: string; readonly b?: string }>>;

const NAME = /^[A-Za-z0-9_.-]+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const DIGITS = 38;

/** Throws what AWS answers to attributes that it does not take. */
export function checkAttributes(attributes: MessageAttributes): void {
  const names = Object.keys(attributes);
  if (names.length > LIMITS.attributesPerMessage) {
    throw fail('InvalidParameterValue', `Number of message attributes [${names.length}] exceeds the allowed maximum [${LIMITS.attributesPerMessage}].`);
  }
  for (const name of names) {
    checkName(name);
    checkValue(name, attributes[name]!);
  }
}

function checkName(name: string): void {
  if (name.length > LIMITS.attributeNameLength || !NAME.test(name) || name.startsWith('.') || name.endsWith('.') || name.includes('..')) {
    throw fail('InvalidParameterValue', `Invalid attribute name '${name}': it can contain A-Z, a-z, 0-9, underscore, hyphen and period, must not start or end with a period, have periods in succession, or be longer than ${LIMITS.attributeNameLength} characters.`);
  }
  if (/^(aws|amazon)\./i.test(name)) throw fail('InvalidParameterValue', "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use.");
}

function checkValue(name: string, { DataType, StringValue, BinaryValue, StringListValues, BinaryListValues }: MessageAttributeValue): void {
  const [type] = DataType.split('.');
  if ((StringListValues?.length ?? 0) + (BinaryListValues?.length ?? 0) > 0) throw fail('UnsupportedOperation', 'Message attribute list values in SendMessage operation are not supported.');
  if (DataType === '') throw fail('InvalidParameterValue', `The message (user) attribute '${name}' must contain a non-empty message attribute type.`);
  if (!['String', 'Number', 'Binary'].includes(type ?? '') || DataType.length > LIMITS.attributeNameLength) {
    throw fail('InvalidParameterValue', `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`);
  }
  if (type === 'Binary' ? (BinaryValue?.length ?? 0) === 0 : (StringValue ?? '') === '') {
    throw fail('InvalidParameterValue', `The message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`);
  }
  if (type === 'Binary' ? StringValue !== undefined : BinaryValue !== undefined) throw fail('InvalidParameterValue', `Message (user) attribute '${name}' must have only one value, of type '${type}'.`);
  if (type === 'Number' && (!NUMBER.test(StringValue ?? '') || (StringValue ?? '').replace(/[eE].*$/, '').replace(/\D/g, '').length > DIGITS)) {
    throw fail('InvalidParameterValue', `Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  if (type !== 'Binary') checkCharacters(StringValue ?? '', `message (user) attribute '${name}'`);
}

/** The characters of XML 1.0, by code point; a lone surrogate is none of them. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export function checkCharacters(text: string, where: string): void {
  const wrong = FORBIDDEN.exec(text)?.[0];
  if (wrong === undefined) return;
  const message = `Invalid binary character '#x${wrong.codePointAt(0)!.toString(16).toUpperCase()}' was found in the ${where}, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`;
  throw fail('InvalidMessageContents', message);
}

/** Names, types and values count towards a message's size. */
export function sizeOf(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue ?? '') + (BinaryValue?.length ?? 0);
  }
  return bytes;
}

const STRING = Buffer.from([1]);
const BINARY = Buffer.from([2]);

/** As SDKs verify it: names in order, each part behind its length, a byte that tells text from bytes. Undefined for none. */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).toSorted((a, b) => (a < b ? -1 : 1));
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  for (const name of names) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    part(name);
    part(DataType);
    hash.update(BinaryValue === undefined ? STRING : BINARY);
    part(BinaryValue ?? StringValue ?? '');
  }
  return hash.digest('hex');

  function part(value: string | Uint8Array): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
}

export function keep(attributes: MessageAttributes): KeptAttributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, { DataType: t, StringValue, BinaryValue }]) =>
    [name, BinaryValue === undefined ? { t, s: StringValue ?? '' } : { t, b: Buffer.from(BinaryValue).toString('base64') }]));
}

/** The kept attributes that a receive asks for: by name, by prefix (`foo.*`), or `All`. */
export function select(kept: KeptAttributes, asked: readonly string[]): Record<string, MessageAttributeValue> {
  const wanted = (name: string): boolean =>
    asked.some((each) => each === 'All' || each === '.*' || each === name || (each.endsWith('.*') && name.startsWith(each.slice(0, -1))));
  return Object.fromEntries(Object.entries(kept).filter(([name]) => wanted(name)).map(([name, { t, s, b }]) =>
    [name, { DataType: t, ...(b === undefined ? { StringValue: s ?? '' } : { BinaryValue: Buffer.from(b, 'base64') }) }]));
}
