import type { MemberShape, Shape } from '@slipway/contracts';
import { nestsDeeper } from '../../kernel/json-depth.ts';
import { refuse } from '../common-errors.ts';
import { base64, DEEPEST, formatTimestamp, parseTimestamp, timestampFormat, tooDeep } from './scalars.ts';
import { mistyped } from './tree-values.ts';
import type { Dialect } from './tree-values.ts';

export const awsJsonDialect: Dialect = { useJsonName: false, read: scalarFromJson, write: scalarToJson };
export const restJsonDialect: Dialect = { ...awsJsonDialect, useJsonName: true };

export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (nestsDeeper(body, DEEPEST)) throw tooDeep();
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    // The parser's own message quotes the input, which may hold secrets.
    throw refuse('SerializationException', 'The request body is not valid JSON');
  }
}

function scalarFromJson(shape: Shape, json: unknown, path: string): unknown {
  switch (shape.type) {
    case 'string':
    case 'bigDecimal':
      if (typeof json !== 'string') throw mistyped(json, 'a String', path);
      return json;
    case 'boolean':
      if (typeof json !== 'boolean') throw mistyped(json, 'a Boolean', path);
      return json;
    case 'integer': case 'long':
      if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw mistyped(json, 'an Integer', path);
      return json;
    case 'double':
      // What is no number (`"NaN"`, 1e999) would slip past every bound.
      if (typeof json !== 'number' || !Number.isFinite(json)) throw mistyped(json, 'a Number', path);
      return json;
    case 'timestamp':
      if (typeof json !== 'number' && typeof json !== 'string') throw mistyped(json, 'a Timestamp', path);
      return parseTimestamp(String(json), path);
    case 'blob':
      if (typeof json !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(json)) throw mistyped(json, 'a Blob', path);
      return Buffer.from(json, 'base64');
    default: return json;
  }
}

function scalarToJson(use: MemberShape, shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'timestamp': {
      const format = timestampFormat(use, shape, 'epoch-seconds');
      return format === 'epoch-seconds' ? (value as number) / 1000 : formatTimestamp(value as number, format);
    }
    case 'blob': return base64(value as Uint8Array);
    case 'double': return Number.isFinite(value) ? value : String(value);
    default: return value;
  }
}
