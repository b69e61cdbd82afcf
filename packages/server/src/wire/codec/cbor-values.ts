import type { MemberShape, Shape } from '@slipway/contracts';
import { decode, encode, Tagged, Token, Tokenizer, Type } from 'cborg';
import type { DecodeOptions, DecodeTokenizer } from 'cborg/interface';
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

/** The bytes that begin a string in parts, and end it. */
const OPEN_BYTES = 0x5f;
const OPEN_TEXT = 0x7f;
const BREAK = 0xff;

/** A `double` that happens to be whole is sent as a float all the same: `5.0`, not `5`. */
const double = (value: number): Float64Array => Float64Array.of(value);

/**
 * Counts how deep tokens nest, which the decoder, recursing, does not; and joins strings that come in parts, which it
 * does not either.
 */
class BoundedTokenizer implements DecodeTokenizer {
  readonly #bytes: Uint8Array;
  readonly #options: DecodeOptions;
  /** Where in the bytes the tokenizer in use begins. */
  #start = 0;
  #rest: Tokenizer;
  /** How many items each open array, map and tag still waits for. */
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    this.#bytes = bytes;
    this.#options = options;
    this.#rest = new Tokenizer(bytes, options);
  }

  pos(): number {
    return this.#start + this.#rest.pos();
  }

  done(): boolean {
    return this.#rest.done();
  }

  next(): Token {
    const first = this.#bytes[this.pos()];
    const token = first === OPEN_BYTES || first === OPEN_TEXT ? this.#joined(first) : this.#rest.next();
    if (Type.equals(token.type, Type.break)) this.#open.pop();
    else if (this.#open.length > 0) this.#open[this.#open.length - 1]!--;
    const waits = itemsOf(token);
    if (waits !== undefined) this.#open.push(waits);
    if (this.#open.length > DEEPEST) throw tooDeep();
    while (this.#open.at(-1) === 0) this.#open.pop();
    return token;
  }

  #joined(opening: number): Token {
    const type = opening === OPEN_TEXT ? Type.string : Type.bytes;
    const parts: Uint8Array[] = [];
    this.#skip();
    while (this.#bytes[this.pos()] !== BREAK) {
      // Parts have a length themselves.
      if (this.#bytes[this.pos()] === opening || this.done()) throw new Error('a part of a string is none');
      const part = this.#rest.next();
      if (!Type.equals(part.type, type)) throw new Error('a part of a string is of another kind');
      parts.push(typeof part.value === 'string' ? Buffer.from(part.value) : (part.value as Uint8Array));
    }
    this.#skip();
    const whole = Buffer.concat(parts);
    return new Token(type, opening === OPEN_TEXT ? whole.toString('utf8') : whole);
  }

  /** Goes on behind one byte that the tokenizer does not know. */
  #skip(): void {
    this.#start = this.pos() + 1;
    this.#rest = new Tokenizer(this.#bytes.subarray(this.#start), this.#options);
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
