import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inflated } from './inflate.ts';

test('a gzip body is read, another left as it is', async () => {
  expect((await inflated(gzipSync('hello'), 'gzip', 100)).toString()).toBe('hello');
  expect((await inflated(Buffer.from('hello'), undefined, 100)).toString()).toBe('hello');
});

test('a body that grows beyond the limit is refused without being held', async () => {
  await expect(inflated(gzipSync(Buffer.alloc(10_000_000)), 'gzip', 1_000)).rejects.toMatchObject({ name: 'RequestEntityTooLarge' });
});

test('what is no gzip is refused', async () => {
  await expect(inflated(Buffer.from('hello'), 'gzip', 1_000)).rejects.toMatchObject({ name: 'SerializationException' });
});
