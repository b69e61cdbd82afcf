import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import { EMPTY_SHA256, sameSignature, scopeText, sha256Hex, sign } from '@slipway/sigv4';
import type { Scope } from '@slipway/sigv4';
import { ServiceError } from '../../kernel/errors.ts';
import { refuse } from '../common-errors.ts';

/** What the signatures of chunks are made with. */
export interface ChunkSigning {
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: Scope;
  /** The request's own signature, which the first chunk's continues. */
  readonly seed: string;
}

/** The longest header or trailer line that is taken. */
const LONGEST_LINE = 16 * 1024;

/**
 * Unwraps an `aws-chunked` body: `<size in hex>[;chunk-signature=…]\r\n<bytes>\r\n`, ending with a chunk of size 0 and
 * trailers. Bytes are passed on as they come; a wrong signature or a cut body fails the stream before its end.
 */
export class ChunkedDecoder extends Transform {
  /** Lower-case names; complete once the stream has ended. */
  readonly trailers = new Map<string, string>();
  private readonly signing: ChunkSigning | undefined;
  private readonly expectedSize: number | undefined;
  private readonly trailersExpected: boolean;
  private state: 'size' | 'data' | 'data-end' | 'trailers' | 'done' = 'size';
  private pending: Buffer = Buffer.alloc(0);
  private left = 0;
  private size = 0;
  private previous: string;
  private stated = '';
  private hash: Hash | undefined;
  private trailerText = '';

  constructor(options: { signing?: ChunkSigning; expectedSize?: number; trailers: boolean }) {
    super();
    this.signing = options.signing;
    this.expectedSize = options.expectedSize;
    this.trailersExpected = options.trailers;
    this.previous = options.signing?.seed ?? '';
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.consume(this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]));
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    // Some clients leave out the empty line that ends the trailers.
    const ended = this.state === 'done' || (this.state === 'trailers' && this.pending.length === 0 && !this.signing);
    const whole = ended && (this.expectedSize === undefined || this.expectedSize === this.size);
    done(whole ? null : new ServiceError('IncompleteBody', 'The request body terminated unexpectedly', { status: 400 }));
  }

  private consume(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && this.state !== 'done') {
      const before = rest.length;
      const state = this.state;
      rest = this.step(rest);
      if (rest.length === before && this.state === state) break;
    }
    this.pending = this.state === 'done' ? Buffer.alloc(0) : Buffer.from(rest);
  }

  private step(bytes: Buffer): Buffer {
    if (this.state === 'data') return this.takeData(bytes);
    const end = bytes.indexOf('\r\n');
    if (end < 0) {
      if (bytes.length > LONGEST_LINE) throw malformed();
      return bytes;
    }
    const line = bytes.toString('latin1', 0, end);
    const rest = bytes.subarray(end + 2);
    if (this.state === 'size') this.startChunk(line);
    else if (this.state === 'data-end') this.endChunk(line);
    else this.takeTrailer(line);
    return rest;
  }

  private startChunk(line: string): void {
    const header = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!header) throw malformed();
    this.left = Number.parseInt(header[1]!, 16);
    this.stated = header[2] ?? '';
    this.hash = this.signing && createHash('sha256');
    if (this.left > 0) {
      this.state = 'data';
      return;
    }
    this.checkChunk();
    this.state = 'trailers';
  }

  private takeData(bytes: Buffer): Buffer {
    const data = bytes.subarray(0, this.left);
    this.left -= data.length;
    this.size += data.length;
    if (this.expectedSize !== undefined && this.size > this.expectedSize) throw malformed();
    this.hash?.update(data);
    this.push(Buffer.from(data));
    if (this.left === 0) this.state = 'data-end';
    return bytes.subarray(data.length);
  }

  private endChunk(line: string): void {
    if (line !== '') throw malformed();
    this.checkChunk();
    this.state = 'size';
  }

  private checkChunk(): void {
    if (!this.signing || !this.hash) return;
    const { timestamp, scope, key } = this.signing;
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scopeText(scope)}\n${this.previous}\n${EMPTY_SHA256}\n${this.hash.digest('hex')}`;
    this.follow(sign(key, text), this.stated);
  }

  private takeTrailer(line: string): void {
    if (line === '') {
      if (this.signing && this.trailersExpected && !this.trailers.has('x-amz-trailer-signature')) throw malformed();
      this.state = 'done';
      return;
    }
    const colon = line.indexOf(':');
    if (colon < 0) throw malformed();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') this.checkTrailers(value);
    else this.trailerText += `${name}:${value}\n`;
    this.trailers.set(name, value);
  }

  private checkTrailers(stated: string): void {
    if (!this.signing) return;
    const { timestamp, scope, key } = this.signing;
    this.follow(sign(key, `AWS4-HMAC-SHA256-TRAILER\n${timestamp}\n${scopeText(scope)}\n${this.previous}\n${sha256Hex(this.trailerText)}`), stated);
  }

  private follow(signature: string, stated: string): void {
    if (!sameSignature(signature, stated)) {
      throw refuse('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.');
    }
    this.previous = signature;
  }
}

function malformed(): ServiceError {
  return new ServiceError('InvalidRequest', 'The aws-chunked body is malformed.', { status: 400 });
}
