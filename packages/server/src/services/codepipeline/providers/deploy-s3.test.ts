import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { expect, test } from 'vitest';
import type { Peers } from '../../../kernel/peers.ts';
import { s3Deploy } from './deploy-s3.ts';
import type { ActionRun, Progress } from './provider.ts';

interface Put { readonly Key: string; readonly Body: Readable; readonly ContentType?: string; readonly ContentLength?: number }

/** Deploys an artifact; answers the end and what was put where. */
async function deploy(artifact: Buffer, configuration: Record<string, string>): Promise<{ progress: Progress; objects: Record<string, string>; types: (string | undefined)[] }> {
  const objects: Record<string, string> = {};
  const types: (string | undefined)[] = [];
  const s3 = {
    GetObject: async () => ({ Body: Readable.from([artifact]), ContentLength: artifact.length }),
    async PutObject({ Key, Body, ContentType, ContentLength }: Put) {
      const bytes = await buffer(Body);
      expect(bytes.length).toBe(ContentLength);
      objects[Key] = bytes.toString();
      types.push(ContentType);
      return {};
    },
  };
  const run = {
    configuration: { BucketName: 'site', ...configuration }, inputs: [{ name: 'A', bucket: 'artifacts', key: 'k' }], outputs: [], region: 'us-east-1', signal: new AbortController().signal,
  } as unknown as ActionRun;
  const progress = await s3Deploy({ peers: { as: () => ({ s3 }) } as unknown as Peers }).start?.(run) as Progress;
  return { progress, objects, types };
}

async function zip(files: Readonly<Record<string, string>>, mode?: number): Promise<Buffer> {
  const file = new ZipFile();
  for (const [name, content] of Object.entries(files)) file.addBuffer(Buffer.from(content), name, { mode });
  file.end();
  return buffer(file.outputStream as Readable);
}

test('Extract true: each file is put under the key with its content type', async () => {
  const { progress, objects, types } = await deploy(await zip({ 'index.html': '<p>', 'img/a.png': 'png' }), { Extract: 'true', ObjectKey: 'v1/' });
  expect(progress.status).toBe('Succeeded');
  expect(objects).toEqual({ 'v1/index.html': '<p>', 'v1/img/a.png': 'png' });
  expect(types).toEqual(['text/html', 'image/png']);
});

test('Extract false: the zip itself is put', async () => {
  const artifact = await zip({ a: 'b' });
  const { objects } = await deploy(artifact, { Extract: 'false', ObjectKey: 'release.zip' });
  expect(objects).toEqual({ 'release.zip': artifact.toString() });
});

test('a zip with a symbolic link is refused by the name of the link', async () => {
  const { progress, objects } = await deploy(await zip({ link: '/etc/passwd' }, 0o120777), { Extract: 'true' });
  expect(progress).toMatchObject({ status: 'Failed', code: 'JobFailed', message: expect.stringContaining('link') });
  expect(objects).toEqual({});
});

test('a zip with a name that climbs out is refused', async () => {
  const bad = await zip({ aaescape: 'x' });
  for (let at = bad.indexOf('aaescape'); at >= 0; at = bad.indexOf('aaescape', at)) bad.write('../scape', at);
  const { progress, objects } = await deploy(bad, { Extract: 'true' });
  expect(progress).toMatchObject({ status: 'Failed', code: 'JobFailed', message: expect.stringContaining('../scape') });
  expect(objects).toEqual({});
});

test('what is no zip is refused', async () => {
  expect((await deploy(Buffer.from('not a zip at all, not even a little'), { Extract: 'true' })).progress).toMatchObject({ status: 'Failed', code: 'JobFailed' });
});
