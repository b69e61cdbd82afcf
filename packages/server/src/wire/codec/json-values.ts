import type { Contract, MemberShape, Shape } from '@slipway/contracts';
import { nestsDeeper } from '../../kernel/json-depth.ts';
import { refuse } from '../common-errors.ts';
import { setKey, shapeOf } from '../shapes.ts';
import { checkDepth, DEEPEST, formatTimestamp, parseTimestamp, timestampFormat, tooDeep } from './scalars.ts';

/** Where a protocol's JSON differs: restJson1 honours `jsonName`, the awsJson protocols do not. */
export interface JsonDialect {
  readonly useJsonName: boolean;
}

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

export function fromJson(contract: Contract, shapeName: string, json: unknown, dialect: JsonDialect, path = '', depth = 0): unknown {
  checkDepth(depth);
  const shape = shapeOf(contract, shapeName);
  const inner = (use: MemberShape, value: unknown, at: string): unknown => fromJson(contract, use.shape, value, dialect, at, depth + 1);
  switch (shape.type) {
    case 'structure': case 'union': return structureFromJson(shape, json, dialect, path, inner);
    case 'list':
      if (!Array.isArray(json)) throw mistyped(json, 'a list', path);
      return json.map((value, i) => {
        if (value === null && shape.sparse) return null;
        return inner(shape.member, value, `${path}[${i}]`);
      });
    case 'map': return mapFromJson(shape, json, path, inner);
    default: return scalarFromJson(shape, json, path);
  }
}

type Inner = (use: MemberShape, value: unknown, path: string) => unknown;

function structureFromJson(shape: Extract<Shape, { type: 'structure' | 'union' }>, json: unknown, dialect: JsonDialect, path: string, inner: Inner): unknown {
  const source = objectOf(json, path);
  const result: Record<string, unknown> = {};
  for (const [name, use] of Object.entries(shape.members)) {
    const key = dialect.useJsonName ? (use.jsonName ?? name) : name;
    const value = Object.hasOwn(source, key) ? source[key] : undefined;
    if (value !== undefined && value !== null) result[name] = inner(use, value, path === '' ? name : `${path}.${name}`);
  }
  if (shape.type === 'union' && Object.keys(result).length !== 1) {
    throw refuse('SerializationException', `Exactly one member of the union at '${path}' must be set`);
  }
  return result;
}

function mapFromJson(shape: Extract<Shape, { type: 'map' }>, json: unknown, path: string, inner: Inner): unknown {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(objectOf(json, path))) {
    if (value !== null) setKey(result, key, inner(shape.value, value, `${path}.${key}`));
    else if (shape.sparse) setKey(result, key, null);
  }
  return result;
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
      // Contracts say `double` of every number, so what is none (`"NaN"`, 1e999) would slip past every bound.
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

function objectOf(json: unknown, path: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw mistyped(json, 'a structure', path);
  return json as Record<string, unknown>;
}

function mistyped(json: unknown, wanted: string, path: string): Error {
  return refuse('SerializationException', `${tokenOf(json)} can not be converted to ${wanted}${path === '' ? '' : ` at '${path}'`}`);
}

/** What AWS's parser calls a JSON value. */
function tokenOf(json: unknown): string {
  if (json === null) return 'NULL_VALUE';
  if (typeof json === 'boolean') return json ? 'TRUE_VALUE' : 'FALSE_VALUE';
  if (typeof json === 'object') return Array.isArray(json) ? 'START_ARRAY' : 'START_OBJECT';
  return typeof json === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}

export function toJson(contract: Contract, use: MemberShape, value: unknown, dialect: JsonDialect): unknown {
  const shape = shapeOf(contract, use.shape);
  switch (shape.type) {
    case 'structure': case 'union': {
      const result: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(shape.members)) {
        const inner = (value as Record<string, unknown>)[name];
        if (inner === undefined || inner === null) continue;
        result[dialect.useJsonName ? (member.jsonName ?? name) : name] = toJson(contract, member, inner, dialect);
      }
      return result;
    }
    case 'list': return (value as unknown[]).map((each) => (each === null ? null : toJson(contract, shape.member, each, dialect)));
    case 'map': {
      const result: Record<string, unknown> = {};
      for (const [key, each] of Object.entries(value as Record<string, unknown>)) {
        if (each !== undefined && each !== null) setKey(result, key, toJson(contract, shape.value, each, dialect));
        else if (each === null && shape.sparse) setKey(result, key, null);
      }
      return result;
    }
    case 'timestamp': {
      const format = timestampFormat(use, shape, 'epoch-seconds');
      return format === 'epoch-seconds' ? (value as number) / 1000 : formatTimestamp(value as number, format);
    }
    case 'blob': return Buffer.from(value as Uint8Array).toString('base64');
    case 'double': return Number.isFinite(value) ? value : String(value);
    default: return value;
  }
}
