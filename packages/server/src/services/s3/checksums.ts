import type { Digests } from '../../blobs/index.ts';
import { CHECKSUM_ALGORITHMS, checksum, combineCrcs, isCombinable, type ChecksumAlgorithm } from '../../kernel/checksums.ts';
import { fail } from './fail.ts';

/** What an object version says of its bytes. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  /** Base64; a composite one ends in `-` and the number of parts. */
  readonly value: string;
}

/** What S3 computes when the client names nothing. */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

export type ChecksumMembers = { [A in ChecksumAlgorithm as `Checksum${A}`]?: string };
const BYTES: Readonly<Record<ChecksumAlgorithm, number>> = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 };

/** The one checksum value among an input's members, if any. */
export function givenChecksum(input: ChecksumMembers): { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined {
  const given = CHECKSUM_ALGORITHMS.filter((algorithm) => input[`Checksum${algorithm}`] !== undefined);
  if (given.length > 1) throw fail('InvalidRequest', 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  const [algorithm] = given;
  return algorithm && { algorithm, value: input[`Checksum${algorithm}`]! };
}

/**
 * Which checksum a request's body is to have, and the values that it must have. A checksum that comes in the trailer is
 * announced by `x-amz-trailer` and compared where the body is decoded; here it is computed to be kept.
 */
export function expectedOf(
  input: ChecksumMembers & { readonly ContentMD5?: string; readonly ChecksumAlgorithm?: string },
  headers: Readonly<Record<string, string | undefined>>,
): { readonly algorithm: ChecksumAlgorithm; readonly asked: boolean; readonly expected: Digests } {
  const given = givenChecksum(input);
  const named = given?.algorithm ?? trailing(headers['x-amz-trailer']) ?? algorithmNamed(input.ChecksumAlgorithm);
  return {
    algorithm: named ?? DEFAULT_ALGORITHM,
    asked: named !== undefined,
    expected: {
      ...(given ? { [given.algorithm]: decoded(given.algorithm, given.value) } : {}),
      ...(input.ContentMD5 === undefined ? {} : { MD5: decodedMd5(input.ContentMD5) }),
    },
  };
}

export function algorithmNamed(name: string | undefined): ChecksumAlgorithm | undefined {
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name);
}

function trailing(header: string | undefined): ChecksumAlgorithm | undefined {
  const names = (header ?? '').toLowerCase().split(',').map((name) => name.trim());
  return CHECKSUM_ALGORITHMS.find((algorithm) => names.includes(`x-amz-checksum-${algorithm.toLowerCase()}`));
}

function decoded(algorithm: ChecksumAlgorithm, value: string): Buffer {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== BYTES[algorithm]) throw fail('InvalidRequest', `Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
  return bytes;
}

function decodedMd5(value: string): Buffer {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== 16) throw fail('InvalidDigest', 'The Content-MD5 you specified is not valid.', { 'Content-MD5': value });
  return bytes;
}

/** The checksum of a multipart object from its parts'. */
export function ofParts(algorithm: ChecksumAlgorithm, type: 'FULL_OBJECT' | 'COMPOSITE', parts: readonly { readonly digest: Buffer; readonly size: number }[]): StoredChecksum {
  if (type === 'FULL_OBJECT' && isCombinable(algorithm)) return { algorithm, type, value: combineCrcs(algorithm, parts).toString('base64') };
  const whole = checksum(algorithm);
  for (const { digest } of parts) whole.update(digest);
  return { algorithm, type: 'COMPOSITE', value: `${whole.digest().toString('base64')}-${parts.length}` };
}

/** The output members that show a checksum. */
export function shown(stored: StoredChecksum | undefined): ChecksumMembers & { ChecksumType?: 'FULL_OBJECT' | 'COMPOSITE' } {
  return stored ? { [`Checksum${stored.algorithm}`]: stored.value, ChecksumType: stored.type } : {};
}

export const parseChecksum = (text: string | null): StoredChecksum | undefined => (text === null ? undefined : (JSON.parse(text) as StoredChecksum));
