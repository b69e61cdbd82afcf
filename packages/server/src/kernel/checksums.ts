import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';

/** The checksums that S3's clients may ask for, by their names on the wire. */
export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** A running checksum. `digest` is asked once, at the end; CRCs answer big-endian bytes, as S3 shows them in base64. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

export function checksum(algorithm: ChecksumAlgorithm | 'MD5'): Checksum {
  switch (algorithm) {
    case 'CRC32':
      return crc32();
    case 'CRC32C':
      return crc32c();
    case 'CRC64NVME':
      return crc64nvme();
    default: {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

/** Whether the checksum of a whole follows from those of its parts (S3's FULL_OBJECT for multipart uploads). */
export function isCombinable(algorithm: ChecksumAlgorithm): algorithm is CombinableAlgorithm {
  return algorithm in POLYNOMIALS;
}

export type CombinableAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME';

/** Reflected polynomials. */
const POLYNOMIALS: Readonly<Record<CombinableAlgorithm, { readonly bits: bigint; readonly polynomial: bigint }>> = {
  CRC32: { bits: 32n, polynomial: 0xedb88320n },
  CRC32C: { bits: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** The CRC of a concatenation, from its parts' CRCs and sizes in bytes, without reading them again. */
export function combineCrcs(algorithm: CombinableAlgorithm, parts: readonly { readonly digest: Buffer; readonly size: number }[]): Buffer {
  const { bits, polynomial } = POLYNOMIALS[algorithm];
  // Parts mostly share one size, and the power of x for a size is the costly step.
  const shifts = new Map<number, bigint>();
  const shiftFor = (size: number): bigint => {
    const known = shifts.get(size);
    if (known !== undefined) return known;
    const made = powerOfX(BigInt(size) * 8n, bits, polynomial);
    shifts.set(size, made);
    return made;
  };
  let whole = 0n;
  for (const part of parts) {
    const crc = BigInt(`0x${part.digest.toString('hex')}`);
    whole = multiply(shiftFor(part.size), whole, bits, polynomial) ^ crc;
  }
  return Buffer.from(whole.toString(16).padStart(Number(bits) / 4, '0'), 'hex');
}

/** Product of two reflected polynomials over GF(2), modulo the CRC's. */
function multiply(a: bigint, b: bigint, bits: bigint, polynomial: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let mask = 1n << (bits - 1n); mask > 0n; mask >>= 1n) {
    if ((a & mask) !== 0n) product ^= factor;
    factor = (factor & 1n) === 0n ? factor >> 1n : (factor >> 1n) ^ polynomial;
  }
  return product;
}

function powerOfX(exponent: bigint, bits: bigint, polynomial: bigint): bigint {
  let power = 1n << (bits - 1n);
  let square = 1n << (bits - 2n);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) power = multiply(square, power, bits, polynomial);
    square = multiply(square, square, bits, polynomial);
  }
  return power;
}

/** `zlib.crc32` is there from Node 20.15 on; the types of Node 20.9 do not know it. */
const zlibCrc32 = (zlib as unknown as { crc32(bytes: Uint8Array, value: number): number }).crc32;

function crc32(): Checksum {
  let crc = 0;
  return {
    update(bytes) {
      crc = zlibCrc32(bytes, crc);
    },
    digest: () => word(crc),
  };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Eight tables of 256, for eight bytes a step: table 0 is the byte-wise one, each next shifts one byte further. */
function slicingTables(polynomialHigh: number, polynomialLow: number): { readonly low: Uint32Array; readonly high: Uint32Array } {
  const low = new Uint32Array(8 * 256);
  const high = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | ((h & 1) << 31);
      h >>>= 1;
      if (carry) {
        l ^= polynomialLow;
        h ^= polynomialHigh;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let i = 256; i < low.length; i++) {
    const l = low[i - 256]!;
    const h = high[i - 256]!;
    low[i] = ((l >>> 8) | (h << 24)) ^ low[l & 0xff]!;
    high[i] = (h >>> 8) ^ high[l & 0xff]!;
  }
  return { low, high };
}

let tables32c: Uint32Array | undefined;

function crc32c(): Checksum {
  const t = (tables32c ??= slicingTables(0, 0x82f63b78).low);
  let crc = 0xffffffff;
  return {
    update(bytes) {
      let c = crc;
      let i = 0;
      for (const end = bytes.length - 7; i < end; i += 8) {
        c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
        c =
          t[1792 + (c & 0xff)]! ^ t[1536 + ((c >>> 8) & 0xff)]! ^ t[1280 + ((c >>> 16) & 0xff)]! ^ t[1024 + (c >>> 24)]! ^
          t[768 + bytes[i + 4]!]! ^ t[512 + bytes[i + 5]!]! ^ t[256 + bytes[i + 6]!]! ^ t[bytes[i + 7]!]!;
      }
      for (; i < bytes.length; i++) c = (c >>> 8) ^ t[(c ^ bytes[i]!) & 0xff]!;
      crc = c;
    },
    digest: () => word(~crc),
  };
}

let tables64: { readonly low: Uint32Array; readonly high: Uint32Array } | undefined;

function crc64nvme(): Checksum {
  const { low: tl, high: th } = (tables64 ??= slicingTables(0x9a6c9329, 0xac4bc9b5));
  let low = 0xffffffff;
  let high = 0xffffffff;
  return {
    update(bytes) {
      let l = low;
      let h = high;
      let i = 0;
      for (const end = bytes.length - 7; i < end; i += 8) {
        l ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
        h ^= bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24);
        const a = 1792 + (l & 0xff), b = 1536 + ((l >>> 8) & 0xff), c = 1280 + ((l >>> 16) & 0xff), d = 1024 + (l >>> 24);
        const e = 768 + (h & 0xff), f = 512 + ((h >>> 8) & 0xff), g = 256 + ((h >>> 16) & 0xff), k = h >>> 24;
        l = tl[a]! ^ tl[b]! ^ tl[c]! ^ tl[d]! ^ tl[e]! ^ tl[f]! ^ tl[g]! ^ tl[k]!;
        h = th[a]! ^ th[b]! ^ th[c]! ^ th[d]! ^ th[e]! ^ th[f]! ^ th[g]! ^ th[k]!;
      }
      for (; i < bytes.length; i++) {
        const at = (l ^ bytes[i]!) & 0xff;
        l = ((l >>> 8) | (h << 24)) ^ tl[at]!;
        h = (h >>> 8) ^ th[at]!;
      }
      low = l;
      high = h;
    },
    digest: () => Buffer.concat([word(~high), word(~low)]),
  };
}
