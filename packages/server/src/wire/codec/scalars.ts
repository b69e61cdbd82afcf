import type { MemberShape, Shape } from '@slipway/contracts';
import { refuse } from '../common-errors.ts';

export type TimestampFormat = NonNullable<MemberShape['timestampFormat']>;

export function timestampFormat(use: MemberShape, shape: Shape, otherwise: TimestampFormat): TimestampFormat {
  return use.timestampFormat ?? (shape.type === 'timestamp' ? shape.format : undefined) ?? otherwise;
}

/** Beyond it there are no dates. ms */
const FARTHEST_TIME = 8.64e15;

/** ms UTC of any of the three formats, which are told apart by their look. */
export function parseTimestamp(text: string, path: string): number {
  const time = /^-?\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : Date.parse(text);
  if (!(Math.abs(time) <= FARTHEST_TIME)) throw refuse('SerializationException', `'${text}' at '${path}' is not a timestamp`);
  return time;
}

/** `date-time` carries milliseconds only where there are some, unless `always`. */
export function formatTimestamp(time: number, format: TimestampFormat, milliseconds: 'as-needed' | 'always' = 'as-needed'): string {
  const date = new Date(time);
  switch (format) {
    case 'http-date': return date.toUTCString();
    case 'epoch-seconds': return String(time / 1000);
    case 'date-time': return milliseconds === 'always' ? date.toISOString() : date.toISOString().replace('.000Z', 'Z');
  }
}

function parseBoolean(text: string, path: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw refuse('SerializationException', `'${text}' at '${path}' is not a boolean`);
}

function parseNumber(text: string, path: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw refuse('SerializationException', `'${text}' at '${path}' is not a number`);
  return number;
}

function parseInteger(text: string, path: string): number {
  const number = parseNumber(text, path);
  if (!Number.isSafeInteger(number)) throw refuse('SerializationException', `'${text}' at '${path}' is not an integer`);
  return number;
}

/** A scalar from text, as headers, query strings, forms and XML carry it. */
export function parseScalar(shape: Shape, text: string, path: string): unknown {
  switch (shape.type) {
    case 'string': case 'bigDecimal': return text;
    case 'boolean': return parseBoolean(text, path);
    case 'integer': case 'long': return parseInteger(text, path);
    case 'double': return parseNumber(text, path);
    case 'timestamp': return parseTimestamp(text, path);
    case 'blob': return Buffer.from(text, 'base64');
    case 'document': return JSON.parse(text);
    default: throw refuse('SerializationException', `Unexpected text at '${path}'`);
  }
}

export function formatScalar(use: MemberShape, shape: Shape, value: unknown, dates: TimestampFormat, milliseconds?: 'as-needed' | 'always'): string {
  switch (shape.type) {
    case 'timestamp': return formatTimestamp(value as number, timestampFormat(use, shape, dates), milliseconds);
    case 'blob': return base64(value as Uint8Array);
    case 'document': return JSON.stringify(value);
    default: return String(value);
  }
}

/** Of the bytes where they are: a file's would be copied otherwise. */
export const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string => Buffer.from(buffer, byteOffset, byteLength).toString('base64');

/** Nesting beyond this is an attack, not a request. */
export const DEEPEST = 100;

export function checkDepth(depth: number): void {
  if (depth > DEEPEST) throw tooDeep();
}

export function tooDeep(): Error {
  return refuse('SerializationException', 'The request is nested too deeply');
}
