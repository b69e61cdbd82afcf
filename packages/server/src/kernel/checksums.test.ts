import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checksum, combineCrcs } from './checksums.ts';

const text = Buffer.from('123456789');
const of = (algorithm: Parameters<typeof checksum>[0], ...chunks: Buffer[]): Buffer => {
  const sum = checksum(algorithm);
  for (const chunk of chunks) sum.update(chunk);
  return sum.digest();
};

describe('checksums', () => {
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['MD5', '25f9e794323b453885f5181f1b624d0b'],
  ] as const)('%s of the catalogue\'s check string is %s', (algorithm, hex) => {
    expect(of(algorithm, text).toString('hex')).toBe(hex);
    expect(of(algorithm, text.subarray(0, 4), text.subarray(4)).toString('hex')).toBe(hex);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s of a whole follows from its parts, however they are cut', (algorithm) => {
    const bytes = randomBytes(100_003);
    const cuts = [0, 1, 17, 4096, 4096, 60_000, bytes.length];
    const parts = cuts.slice(1).map((end, i) => bytes.subarray(cuts[i]!, end));
    const whole = of(algorithm, bytes);
    expect(of(algorithm, ...parts)).toEqual(whole);
    expect(combineCrcs(algorithm, parts.map((part) => ({ digest: of(algorithm, part), size: part.length })))).toEqual(whole);
  });
});
