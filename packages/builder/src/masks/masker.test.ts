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

  const secret = 'pä55/w+rd"? <ok>\\n~';

  test.each([
    ['base64', Buffer.from(secret).toString('base64')], ['base64 for URLs', Buffer.from(secret).toString('base64url')],
    ['a URL', encodeURIComponent(secret)], ['a URL in lower case', encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())], ['a form', new URLSearchParams({ a: secret }).toString().slice(2)],
    ['JSON', JSON.stringify(secret).slice(1, -1)], ['JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)], ['JSON in ASCII', JSON.stringify(secret).slice(1, -1).replace('ä', '\\u00e4')], ['JSON of PHP', JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/')],
  ])('finds a secret encoded as %s, at every possible border of two chunks', (_, encoded) => {
    for (let at = 0; at <= encoded.length; at += 1) expect(masked([secret], [`<${encoded.slice(0, at)}`, `${encoded.slice(at)}>`])).toBe('<***>');
  });

  test('finds a secret in the base64 of something longer, wherever it begins', () => {
    for (let before = 0; before < 9; before += 1) {
      const encoded = Buffer.from(`${'x'.repeat(before)}correct horse battery staple${'y'.repeat(9 - before)}`).toString('base64');
      const seen = masked(['correct horse battery staple'], [encoded]);
      expect(seen).toContain('***');
      expect(Buffer.from(seen.replaceAll('*', ''), 'base64').toString()).not.toMatch(/orre|horse|atter|stapl/);
    }
  });

  const key = ['-----BEGIN KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj', 'vZqzcGhZ==', '-----END KEY-----'].join('\n');

  test('finds a secret of several lines as a whole, line by line, and indented', () => {
    expect(masked([key], [`a\n${key}\nb`])).toBe('a\n***\nb');
    const seen = masked([key], [key.split('\n').map((line) => `  ${line}\r\n`).join('')]);
    expect(seen).toBe('  ***\r\n'.repeat(4));
  });

  test('finds the wrapped base64 of a long secret', () => {
    const wrapped = (Buffer.from(key).toString('base64').match(/.{1,76}/g) ?? []).join('\n');
    expect(masked([key], [`${wrapped}\n`])).toMatch(/^(\*{3}\n)+$/);
  });

  test('leaves colours and everything else as it is', () => {
    expect(masked(['hunter2hunter2'], ['\u001B[31mred hunter2hunter2\u001B[0m\r\n'])).toBe('\u001B[31mred ***\u001B[0m\r\n');
  });
});
