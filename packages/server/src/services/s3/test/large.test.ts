import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Readable } from 'node:stream';
import { startS3 } from './harness.ts';

const MIB = 1 << 20;
const SIZE = 300 * MIB;

describe('a large object', { timeout: 120_000 }, () => {
  let server: Awaited<ReturnType<typeof startS3>>;
  beforeAll(async () => {
    server = await startS3();
    await server.client.createBucket({ Bucket: 'large' });
  });
  afterAll(() => server.stop());

  it('streams in and out in constant memory', async () => {
    const sent = createHash('md5');
    async function* bytes(): AsyncGenerator<Buffer> {
      for (let n = 0; n < SIZE / MIB; n++) {
        const chunk = Buffer.alloc(MIB, String(n));
        sent.update(chunk);
        yield chunk;
      }
    }
    const idle = process.memoryUsage().rss;
    let most = idle;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    const put = await server.client.putObject({ Bucket: 'large', Key: 'k', Body: Readable.from(bytes()), ContentLength: SIZE });
    const expected = sent.digest('hex');
    expect(put.ETag).toBe(`"${expected}"`);
    const got = createHash('md5');
    for await (const chunk of (await server.client.getObject({ Bucket: 'large', Key: 'k' })).Body as Readable) got.update(chunk as Buffer);
    clearInterval(watch);
    expect(got.digest('hex')).toBe(expected);
    // Client and server share this process; a third of the object would show that either keeps it.
    expect(most - idle).toBeLessThan(SIZE / 3);
  });

  it('a client that goes away in the middle leaves nothing', async () => {
    const aborter = new AbortController();
    async function* bytes(): AsyncGenerator<Buffer> {
      for (let n = 0; n < 40; n++) {
        if (n === 20) aborter.abort();
        yield Buffer.alloc(MIB);
      }
    }
    await expect(server.client.putObject({ Bucket: 'large', Key: 'broken', Body: Readable.from(bytes()), ContentLength: 40 * MIB }, { abortSignal: aborter.signal })).rejects.toThrow();
    await expect(server.client.headObject({ Bucket: 'large', Key: 'broken' })).rejects.toThrow();
  });
});
