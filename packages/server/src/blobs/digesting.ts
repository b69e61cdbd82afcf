import { checksum, type ChecksumAlgorithm } from '../kernel/checksums.ts';

export type Digests = Partial<Record<ChecksumAlgorithm | 'MD5', Buffer>>;

/** The bytes are not those that were announced: `what` names the digest, or `size`. */
export class BlobMismatch extends Error {
  override readonly name = 'BlobMismatch';
  readonly what: ChecksumAlgorithm | 'MD5' | 'size';
  constructor(what: ChecksumAlgorithm | 'MD5' | 'size') {
    super(`the bytes do not have the expected ${what}`);
    this.what = what;
  }
}

export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge';
}

export interface Digesting {
  /** The source's bytes unchanged; ends in `BlobMismatch` or `BlobTooLarge` where they are not as announced. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Complete once `bytes` has ended. */
  readonly digests: Digests;
}

/** Computes digests of bytes that flow by. Size and expectations are checked before the end is passed on, so that a writer never commits wrong bytes. */
export function digesting(
  source: AsyncIterable<Uint8Array>,
  options: { readonly algorithms: readonly (ChecksumAlgorithm | 'MD5')[]; readonly expected: Digests; readonly size?: number; readonly maxBytes?: number },
): Digesting {
  const algorithms = [...new Set([...options.algorithms, ...(Object.keys(options.expected) as (keyof Digests)[])])];
  const running = algorithms.map((algorithm) => ({ algorithm, sum: checksum(algorithm) }));
  const digests: Digests = {};

  async function* bytes(): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > (options.maxBytes ?? Infinity)) throw new BlobTooLarge('more bytes than allowed');
      for (const { sum } of running) sum.update(chunk);
      yield chunk;
    }
    if (options.size !== undefined && size !== options.size) throw new BlobMismatch('size');
    for (const { algorithm, sum } of running) {
      const digest = (digests[algorithm] = sum.digest());
      if (options.expected[algorithm]?.equals(digest) === false) throw new BlobMismatch(algorithm);
    }
  }
  return { bytes: bytes(), digests };
}
