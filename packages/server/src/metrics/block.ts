import { boundPoint, addPoint } from './point.ts';
import type { Point } from './point.ts';
import type { Spread } from './spread.ts';

/**
 * Points of one stream and tier within one block of time, packed: per point the distance to the one before it (in
 * steps of the tier), a kind, and what the kind needs. A point of one value takes 4 to 10 bytes.
 */
const KIND = { float: 0, integer: 1, repeated: 2, set: 3, exact: 4, sketch: 5 } as const;

/** Step within the block → point. */
export type Steps = ReadonlyMap<number, Point>;

/** The block with further points in it; those of a step that it has are added up. Only these are unpacked. */
export function mergeBlock(data: Uint8Array | undefined, additions: Steps): Buffer {
  const packed = new Map<number, Uint8Array>();
  const reader = new Reader(data ?? new Uint8Array());
  for (let step = reader.step(); step !== undefined; step = reader.step()) {
    const from = reader.at;
    const added = additions.get(step);
    if (added === undefined) {
      reader.skip();
      packed.set(step, reader.bytes.subarray(from, reader.at));
      continue;
    }
    const point = reader.point();
    addPoint(point, added);
    packed.set(step, pack(point));
  }
  for (const [step, point] of additions) if (!packed.has(step)) packed.set(step, pack(point));
  const writer = new Writer();
  let last = 0;
  for (const step of [...packed.keys()].toSorted((a, b) => a - b)) {
    writer.varint(step - last);
    writer.raw(packed.get(step)!);
    last = step;
  }
  return writer.finish();
}

/** All points of a block in the order of time. */
export function* readBlock(data: Uint8Array): Iterable<[step: number, point: Point]> {
  const reader = new Reader(data);
  for (let step = reader.step(); step !== undefined; step = reader.step()) yield [step, reader.point()];
}

function pack(unbounded: Point): Uint8Array {
  const point = boundPoint(unbounded);
  const { count, sum, min, max, spread } = point;
  const writer = new Writer();
  if (count === 1 && min === max && (spread !== undefined || min < 0)) {
    if (isShort(min)) {
      writer.byte(KIND.integer);
      writer.varint(zigzag(min));
    } else {
      writer.byte(KIND.float);
      writer.float(min);
    }
  } else if (min === max && sum === min * count && (spread !== undefined || min < 0)) {
    writer.byte(KIND.repeated);
    writer.number(min);
    writer.number(count);
  } else {
    const body = new Writer();
    for (const each of [count, sum, min, max]) body.number(each);
    if (spread !== undefined) packSpread(body, spread);
    const bytes = body.finish();
    writer.byte(spread === undefined ? KIND.set : KIND[spread.kind]);
    writer.varint(bytes.length);
    writer.raw(bytes);
  }
  return writer.finish();
}

function packSpread(writer: Writer, spread: Spread): void {
  if (spread.kind === 'exact') {
    writer.varint(spread.counts.size);
    for (const [value, count] of spread.counts) {
      writer.number(value);
      writer.number(count);
    }
    return;
  }
  writer.number(spread.zeros);
  writer.varint(spread.buckets.size);
  let last = 0;
  for (const [bucket, count] of [...spread.buckets].toSorted(([a], [b]) => a - b)) {
    writer.varint(zigzag(bucket - last));
    writer.number(count);
    last = bucket;
  }
}

/** Whether a number is shorter as an integer than as the eight bytes of a float. Minus zero is none. */
const isShort = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 46 && !Object.is(value, -0);
const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

class Writer {
  #bytes = Buffer.allocUnsafe(64);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  float(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** Zero announces a float; everything else is an integer, one higher. */
  number(value: number): void {
    if (isShort(value)) return this.varint(zigzag(value) + 1);
    this.byte(0);
    this.float(value);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

class Reader {
  readonly bytes: Buffer;
  at = 0;
  #last = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next point's step; undefined at the end. */
  step(): number | undefined {
    if (this.at >= this.bytes.length) return undefined;
    this.#last += this.#varint();
    return this.#last;
  }

  skip(): void {
    const kind = this.bytes[this.at++];
    if (kind === KIND.float) this.at += 8;
    else if (kind === KIND.integer) this.#varint();
    else if (kind === KIND.repeated) {
      this.#number();
      this.#number();
    } else {
      const length = this.#varint();
      this.at += length;
    }
  }

  point(): Point {
    const kind = this.bytes[this.at++];
    if (kind === KIND.float) return single(this.#float(), 1);
    if (kind === KIND.integer) return single(unzigzag(this.#varint()), 1);
    if (kind === KIND.repeated) return single(this.#number(), this.#number());
    this.#varint();
    const [count, sum, min, max] = [this.#number(), this.#number(), this.#number(), this.#number()];
    return { count, sum, min, max, spread: kind === KIND.set ? undefined : this.#spread(kind === KIND.sketch) };
  }

  #spread(isSketch: boolean): Spread {
    const zeros = isSketch ? this.#number() : 0;
    const size = this.#varint();
    const counts = new Map<number, number>();
    let last = 0;
    for (let i = 0; i < size; i++) {
      const value = isSketch ? (last += unzigzag(this.#varint())) : this.#number();
      counts.set(value, this.#number());
    }
    return isSketch ? { kind: 'sketch', buckets: counts, zeros } : { kind: 'exact', counts };
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  #float(): number {
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  #number(): number {
    const value = this.#varint();
    return value === 0 ? this.#float() : unzigzag(value - 1);
  }
}

function single(value: number, count: number): Point {
  return { count, sum: value * count, min: value, max: value, spread: value < 0 ? undefined : { kind: 'exact', counts: new Map([[value, count]]) } };
}
