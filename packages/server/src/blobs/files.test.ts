import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBlobFiles, type BlobFiles } from './files.ts';
import { DamagedBlob, FRAME_BYTES } from './frames.ts';

const newId = (): string => randomBytes(16).toString('hex');

async function* chunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function* failing(): AsyncGenerator<Buffer> {
  yield randomBytes(2_000_000);
  throw new Error('the client went away');
}

describe('blob files', () => {
  const masterKey = randomBytes(32);
  let directory: string;
  let files: BlobFiles;
  const path = (id: string): string => join(directory, id.slice(0, 2), id);
  const stored = async (bytes: Buffer, length = 10_000): Promise<string> => {
    const id = newId();
    expect(await files.write(id, chunks(bytes, length))).toBe(bytes.length);
    return id;
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slipway-blobs-'));
    files = await openBlobFiles(directory, masterKey);
  });
  afterAll(() => rm(directory, { recursive: true }));

  it.each([0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 16 * FRAME_BYTES, 16 * FRAME_BYTES + 1, 3_000_000])('%i bytes come back as written', async (size) => {
    const bytes = randomBytes(size);
    for (const length of [1000, FRAME_BYTES, 5_000_000]) {
      expect((await buffer(await files.read(await stored(bytes, length)))).equals(bytes)).toBe(true);
    }
  });

  it('any range comes back, across frames and batches', async () => {
    const bytes = randomBytes(20 * FRAME_BYTES + 77);
    const id = await stored(bytes);
    const edges = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 16 * FRAME_BYTES, 20 * FRAME_BYTES, bytes.length - 1];
    for (const start of edges) {
      for (const end of edges.filter((edge) => edge >= start)) {
        expect((await buffer(await files.read(id, { start, end }))).equals(bytes.subarray(start, end + 1))).toBe(true);
      }
    }
    await expect(files.read(id, { start: 0, end: bytes.length })).rejects.toThrow(RangeError);
  });

  it('what lies on the disk does not show what was written, and is for the owner alone', async () => {
    const id = await stored(Buffer.alloc(200_000, 'secret'));
    expect((await readFile(path(id))).includes('secret')).toBe(false);
    expect((await stat(path(id))).mode & 0o077).toBe(0);
  });

  it('a changed byte, a lost end, swapped frames, another id and another master key all show', async () => {
    const bytes = randomBytes(3 * FRAME_BYTES);
    const damage = async (change: (file: Buffer) => Buffer): Promise<void> => {
      const id = await stored(bytes);
      await writeFile(path(id), change(await readFile(path(id))));
      await expect(files.read(id).then(buffer)).rejects.toThrow(DamagedBlob);
    };
    const sealed = FRAME_BYTES + 16;
    await damage((file) => { file[70_000]! ^= 1; return file; });
    await damage((file) => file.subarray(0, 72 + 2 * sealed));
    await damage((file) => file.subarray(0, 80));
    await damage((file) => file.subarray(0, 10));
    await damage((file) => Buffer.concat([file.subarray(0, 72), file.subarray(72 + sealed, 72 + 2 * sealed), file.subarray(72, 72 + sealed), file.subarray(72 + 2 * sealed)]));
    const id = await stored(bytes);
    const other = newId();
    await writeFile(path(other), await readFile(path(id)));
    await expect(files.read(other)).rejects.toThrow(DamagedBlob);
    const stranger = await openBlobFiles(directory, randomBytes(32));
    await expect(stranger.read(id)).rejects.toThrow('another master key');
  });

  it('a file that is cut while it is read ends in an error, not early', async () => {
    const id = await stored(randomBytes(40 * FRAME_BYTES));
    const stream = await files.read(id);
    await truncate(path(id), 18 * FRAME_BYTES);
    await expect(buffer(stream)).rejects.toThrow(DamagedBlob);
  });

  it('a source that fails leaves no file', async () => {
    const id = newId();
    await expect(files.write(id, failing())).rejects.toThrow('the client went away');
    expect((await readdir(join(directory, id.slice(0, 2)))).filter((name) => name.startsWith(id))).toEqual([]);
  });

  it('a stream that nobody reads gives its file back when it is destroyed', async () => {
    const stream = await files.read(await stored(randomBytes(5)));
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    const probe = await open(join(directory, 'probe'), 'w');
    await probe.close();
  });

  it('the source is asked for more only as the disk takes it', async () => {
    let given = 0;
    async function* large(): AsyncGenerator<Buffer> {
      const chunk = randomBytes(1 << 20);
      for (; given < 200; given++) yield chunk;
    }
    const before = process.memoryUsage().rss;
    const id = newId();
    await files.write(id, large());
    let read = 0;
    for await (const chunk of await files.read(id)) read += (chunk as Buffer).length;
    expect(read).toBe(200 << 20);
    expect(process.memoryUsage().rss - before).toBeLessThan(120 << 20);
    await files.remove(id);
    await expect(files.read(id)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('an id that is no id is refused before any path is made of it', async () => {
    await expect(files.read('../../etc/passwd')).rejects.toThrow('not a blob id');
  });
});
