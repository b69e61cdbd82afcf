import { describe, expect, test } from 'vitest';
import { createMasker } from './masker.ts';

function masked(secrets: string[], chunks: string[]): string {
  const masker = createMasker(secrets);
  return chunks.map((chunk) => masker.push(chunk)).join('') + masker.flush();
}

describe('a masker', () => {
  test('replaces a secret inside one chunk, each time it appears', () => {
    expect(masked(['s3cret!'], ['a s3cret! b s3cret!s3cret! c'])).toBe('a *** b ****** c');
  });

  test('finds a secret at every possible border of two chunks', () => {
    const text = 'before s3cr3t-value after';
    for (let at = 0; at <= text.length; at += 1) expect(masked(['s3cr3t-value'], [text.slice(0, at), text.slice(at)])).toBe('before *** after');
  });

  test('finds a secret that arrives letter by letter', () => {
    expect(masked(['abcabcabd'], [...'abcabcabcabd!'])).toBe('abc***!');
  });

  test('prefers the longer of two secrets that begin alike, even when it ends in a later chunk', () => {
    expect(masked(['secret', 'secret-long'], ['x secret', '-long y secret z'])).toBe('x *** y *** z');
  });

  test('holds nothing back for ever', () => {
    expect(masked(['password'], ['my pass'])).toBe('my pass');
    expect(createMasker(['password']).push('plain line\n')).toBe('plain line\n');
  });

  test('leaves values shorter than six characters alone', () => {
    expect(masked(['yes', 'false'], ['yes false'])).toBe('yes false');
  });

  test('takes special characters literally', () => {
    expect(masked(['a.b*c$d/e-[f]'], ['= a.b*c$d/e-[f] aXbbcc'])).toBe('= *** aXbbcc');
  });
});
