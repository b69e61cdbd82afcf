import type { MemberShape, Shape } from '@slipway/contracts';
import { decode, encode, Tagged, Token, Tokenizer, Type } from 'cborg';
import { ServiceError } from '../../kernel/errors.ts';
import { refuse } from '../common-errors.ts';
import { DEEPEST, parseTimestamp, tooDeep } from './scalars.ts';
import { mistyped } from './tree-values.ts';
import type { Dialect } from './tree-values.ts';

/** Seconds since 1970. */
const EPOCH_TAG = 1;

export const cborDialect: Dialect = { useJsonName: false, read: scalarFromCbor, write: scalarToCbor };

/** @throws ServiceError SerializationException for what is no CBOR, nests too deeply, or has tags other than that of times. */
export function parseCbor(body: Buffer): unknown {
  if (body.length === 0) return {};
  const options = { tags: Tagged.preserve(EPOCH_TAG), coerceUndefinedToNull: true };
  try {
    return decode(body, { ...options, tokenizer: new BoundedTokenizer(body, options) }) as unknown;
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    // The parser's own message may quote the input, which may hold secrets.
    throw refuse('SerializationException', 'The request body is not valid CBOR');
  }
}

export function serializeCbor(tree: unknown): Buffer {
  return Buffer.from(encode(tree, { float64: true, mapSorter: undefined, typeEncoders: { Float64Array: ([number]: Float64Array) => new Token(Type.float, number) } }));
}

/** A `double` that happens to be whole is sent as a float all the same: `5.0`, not `5`. */
const double = (value: number): Float64Array => Float64Array.of(value);

/**
 * Counts how deep tokens nest, which the decoder, recursing, does not; and joins strings that come in parts, which it
 * does not either.
 */
class BoundedTokenizer extends Tokenizer {
  /** How many items each open array, map and tag still waits for. */
  readonly #open: number[] = [];

  override next(): Token {
    const first = this.data[this._pos]!;
    const token = first === 0x5f || first === 0x7f ? this.#joined(first & 0xe0) : super.next();
    if (Type.equals(token.type, Type.break)) this.#open.pop();
    else if (this.#open.length > 0) this.#open[this.#open.length - 1]!--;
    const waits = itemsOf(token);
    if (waits !== undefined) this.#open.push(waits);
    if (this.#open.length > DEEPEST) throw tooDeep();
    while (this.#open.at(-1) === 0) this.#open.pop();
    return token;
  }

  #joined(major: number): Token {
    this._pos++;
    const parts: Uint8Array[] = [];
    while (this.data[this._pos] !== 0xff) {
      const first = this.data[this._pos];
      // Parts are of the same kind, and have a length themselves.
      if (first === undefined || (first & 0xe0) !== major || first === 0x5f || first === 0x7f) throw new Error('a part of a string is none');
      const { value } = super.next();
      parts.push(typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array));
    }
    this._pos++;
    const whole = Buffer.concat(parts);
    return major === Type.string.majorEncoded ? new Token(Type.string, whole.toString('utf8')) : new Token(Type.bytes, whole);
  }
}

/** Infinity for what ends with a break. */
function itemsOf({ type, value }: Token): number | undefined {
  if (Type.equals(type, Type.array)) return value as number;
  if (Type.equals(type, Type.map)) return (value as number) * 2;
  return Type.equals(type, Type.tag) ? 1 : undefined;
}

function scalarFromCbor(shape: Shape, value: unknown, path: string): unknown {
  switch (shape.type) {
    case 'string':
    case 'bigDecimal':
      if (typeof value !== 'string') throw mistyped(value, 'a String', path);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw mistyped(value, 'a Boolean', path);
      return value;
    case 'integer': case 'long':
      if (!Number.isSafeInteger(value)) throw mistyped(value, 'an Integer', path);
      return value;
    case 'double':
      if (!Number.isFinite(value)) throw mistyped(value, 'a Number', path);
      return value;
    case 'timestamp':
      if (!(value instanceof Tagged) || !Number.isFinite(value.value)) throw mistyped(value, 'a Timestamp', path);
      return parseTimestamp(String(value.value), path);
    case 'blob':
      if (!(value instanceof Uint8Array)) throw mistyped(value, 'a Blob', path);
      return Buffer.from(value);
    default: throw mistyped(value, shape.type, path);
  }
}

function scalarToCbor(_use: MemberShape, shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'timestamp': return new Tagged(EPOCH_TAG, double((value as number) / 1000));
    case 'double': return double(value as number);
    default: return value;
  }
}
