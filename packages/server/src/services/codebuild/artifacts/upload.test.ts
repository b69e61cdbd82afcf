import { randomBytes } from 'node:crypto';
import { access, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';
import { uploadArtifacts } from './upload.ts';

const refusing = { as: () => ({ s3: { PutObject: () => Promise.reject(new ServiceError('AccessDenied', 'Access Denied')) } }) } as unknown as Peers;

async function readOne(Body: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of Body) throw new ServiceError('AccessDenied', 'Access Denied');
}
const refusingAfter1 = { as: () => ({ s3: { PutObject: ({ Body }: { Body: AsyncIterable<Buffer> }) => readOne(Body) } }) } as unknown as Peers;

async function openFilesBelow(folder: string): Promise<string[]> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return links.filter((path) => path.startsWith(folder));
}

/** As S3 refuses before it has read anything, and in the middle of the bytes. */
const refusals = [refusing, refusingAfter1].flatMap((peers, piece) => (['ZIP', 'NONE'] as const).map((packaging) => ({ peers, packaging, piece })));

it.each(refusals)('an upload that S3 refuses after $piece pieces leaves no file open (packaging $packaging)', async ({ peers, packaging }) => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const file = join(folder, 'out.txt');
    const bytes = randomBytes(3_000_000);
    await writeFile(file, bytes);
    const artifacts = { type: 'S3', location: 'b', packaging };
    const build = { id: 'web:1', project: 'web', region: 'us-east-1', definition: { artifacts } } as unknown as StoredBuild;
    const collected = [{ identifier: null, manifest: { entries: [{ path: 'out.txt', file, mode: 0o644, size: bytes.length }] } }];
    const { problem } = await uploadArtifacts({ peers }, { build, role: {} as Caller, collected, signal: new AbortController().signal });
    expect(problem).toEqual({ statusCode: 'CLIENT_ERROR', message: 'AccessDenied: Access Denied' });
    await expect.poll(() => openFilesBelow(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('files go up several at a time, and the first that S3 refuses ends it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const keys: string[] = [];
    const entries = Array.from({ length: 300 }, (_, n) => ({ path: `f${n}`, file: join(folder, `f${n}`), mode: 0o644, size: 1 }));
    for (const { file } of entries) await writeFile(file, 'x');
    let refuse = false;
    const s3 = {
      async PutObject({ Key, Body }: { Key: string; Body: AsyncIterable<Buffer> }) {
        if (refuse) throw new ServiceError('AccessDenied', 'Access Denied');
        for await (const _ of Body);
        keys.push(Key);
        refuse = keys.length > 50;
      },
    };
    const peers = { as: () => ({ s3 }) } as unknown as Peers;
    const artifacts = { type: 'S3', location: 'b', packaging: 'NONE' };
    const build = { id: 'web:1', project: 'web', region: 'us-east-1', definition: { artifacts } } as unknown as StoredBuild;
    const { problem } = await uploadArtifacts({ peers }, { build, role: {} as Caller, collected: [{ identifier: null, manifest: { entries } }], signal: new AbortController().signal });
    expect(problem).toEqual({ statusCode: 'CLIENT_ERROR', message: 'AccessDenied: Access Denied' });
    expect(keys.length).toBeLessThan(150);
    expect(new Set(keys).size).toBe(keys.length);
    await expect.poll(() => openFilesBelow(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it.each(['a', 'b'])('a zip that breaks off at file %s is an error of the upload, and tells S3 so', async (gone) => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const entries = ['a', 'b'].map((path) => ({ path, file: join(folder, path), mode: 0o644, size: 1 }));
    for (const { path, file } of entries) if (path !== gone) await writeFile(file, 'x');
    let ended = false;
    const s3 = {
      async PutObject({ Body }: { Body: AsyncIterable<Buffer> }) {
        // As long as S3 looks for the bucket.
        await access(folder);
        await access(folder);
        for await (const _ of Body);
        ended = true;
      },
    };
    const peers = { as: () => ({ s3 }) } as unknown as Peers;
    const build = { id: 'web:1', project: 'web', region: 'us-east-1', definition: { artifacts: { type: 'S3', location: 'b', packaging: 'ZIP' } } } as unknown as StoredBuild;
    const uploading = uploadArtifacts({ peers }, { build, role: {} as Caller, collected: [{ identifier: null, manifest: { entries } }], signal: new AbortController().signal });
    await expect(uploading).rejects.toThrow('ENOENT');
    expect(ended).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('a zip whose upload is interrupted ends, and leaves no file open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const bytes = randomBytes(3_000_000);
    const file = join(folder, 'out');
    await writeFile(file, bytes);
    const halt = new AbortController();
    const s3 = {
      async PutObject({ Body }: { Body: AsyncIterable<Buffer> }) {
        for await (const _ of Body) halt.abort();
      },
    };
    const peers = { as: () => ({ s3 }) } as unknown as Peers;
    const build = { id: 'web:1', project: 'web', region: 'us-east-1', definition: { artifacts: { type: 'S3', location: 'b', packaging: 'ZIP' } } } as unknown as StoredBuild;
    const collected = [{ identifier: null, manifest: { entries: [{ path: 'out', file, mode: 0o644, size: bytes.length }] } }];
    await expect(uploadArtifacts({ peers }, { build, role: {} as Caller, collected, signal: halt.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => openFilesBelow(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
