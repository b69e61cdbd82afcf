import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readAll } from './request.ts';

test('a body is read whole, however it comes', async () => {
  const body = new PassThrough();
  const whole = readAll(body, 100);
  body.write('one ');
  body.write('two');
  body.end();
  expect((await whole).toString()).toBe('one two');
  expect((await readAll(new PassThrough().end(), 100)).length).toBe(0);
});

test('a body that is announced or turns out to be too large is refused, and left open for the answer', async () => {
  const body = new PassThrough();
  await expect(readAll(body, 3, '4')).rejects.toMatchObject({ name: 'RequestEntityTooLarge' });
  body.write('four');
  await expect(readAll(body, 3)).rejects.toMatchObject({ name: 'RequestEntityTooLarge' });
  expect(body.destroyed).toBe(false);
});

test('a body that breaks off, or had before it was read, fails', async () => {
  const body = new PassThrough();
  body.write('half');
  const whole = readAll(body, 100);
  body.destroy();
  await expect(whole).rejects.toThrow('broke off');
  await expect(readAll(body, 100)).rejects.toThrow('broke off');
  const failing = new PassThrough();
  const failed = readAll(failing, 100);
  failing.destroy(new Error('reset'));
  await expect(failed).rejects.toThrow('reset');
});
