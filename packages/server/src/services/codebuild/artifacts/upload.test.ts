import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';
import { uploadArtifacts } from './upload.ts';

const refusing = { as: () => ({ s3: { PutObject: () => Promise.reject(new ServiceError('AccessDenied', 'Access Denied')) } }) } as unknown as Peers;

async function openFilesBelow(folder: string): Promise<string[]> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return links.filter((path) => path.startsWith(folder));
}

it.each(['ZIP', 'NONE'] as const)('an upload that S3 refuses leaves no file open (packaging %s)', async (packaging) => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const file = join(folder, 'out.txt');
    await writeFile(file, 'made by the build');
    const artifacts = { type: 'S3', location: 'b', packaging };
    const build = { id: 'web:1', project: 'web', region: 'us-east-1', definition: { artifacts } } as unknown as StoredBuild;
    const collected = [{ identifier: null, manifest: { entries: [{ path: 'out.txt', file, mode: 0o644, size: 17 }] } }];
    const { problem } = await uploadArtifacts({ peers: refusing }, { build, role: {} as Caller, folder, collected, signal: new AbortController().signal });
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
    const entries = Array.from({ length: 100 }, (_, n) => ({ path: `f${n}`, file: join(folder, `f${n}`), mode: 0o644, size: 1 }));
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
    const { problem } = await uploadArtifacts({ peers }, { build, role: {} as Caller, folder, collected: [{ identifier: null, manifest: { entries } }], signal: new AbortController().signal });
    expect(problem).toEqual({ statusCode: 'CLIENT_ERROR', message: 'AccessDenied: Access Denied' });
    expect(keys.length).toBeLessThan(60);
    expect(new Set(keys).size).toBe(keys.length);
    await expect.poll(() => openFilesBelow(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
