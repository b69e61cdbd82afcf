import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import type { ObjectCannedACL } from '@slipway/contracts/s3';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import type { Peers } from '../../../kernel/peers.ts';
import { BOOLEAN, value } from './provider.ts';
import type { ActionRun, Provider } from './provider.ts';

/** Copies the input artifact to a bucket, as it is or its files one by one. */
export function s3Deploy({ peers }: { peers: Peers }): Provider {
  async function put(run: ActionRun, key: string, body: { stream: Readable; length?: number; type?: string }): Promise<void> {
    const { CannedACL, CacheControl } = run.configuration;
    await peers.as(run.role).s3.PutObject({
      Bucket: value(run.configuration, 'BucketName'), Key: key, Body: body.stream, ContentLength: body.length, ContentType: body.type,
      ACL: CannedACL as ObjectCannedACL | undefined, CacheControl,
    }, { region: run.region, signal: run.signal });
  }

  return {
    category: 'Deploy', provider: 'S3', inputs: [1, 1], outputs: [0, 0], timeoutMinutes: 90,
    configuration: {
      BucketName: { required: true }, Extract: { required: true, values: BOOLEAN }, ObjectKey: {},
      CannedACL: { values: ['private', 'public-read', 'public-read-write', 'authenticated-read', 'aws-exec-read', 'bucket-owner-read', 'bucket-owner-full-control'] }, CacheControl: {},
    },

    check: ({ Extract, ObjectKey }) => (Extract === 'false' && ObjectKey === undefined ? 'ObjectKey is required when Extract is false' : undefined),

    async start(run) {
      const [input] = run.inputs;
      if (input === undefined) throw new Error('a deploy action has an input');
      const { BucketName = '', Extract, ObjectKey = '' } = run.configuration;
      const object = await peers.as(run.role).s3.GetObject({ Bucket: input.bucket, Key: input.key }, { region: run.region, signal: run.signal });
      if (object.Body === undefined) throw new Error('GetObject answered no body');
      if (Extract !== 'true') {
        await put(run, ObjectKey, { stream: object.Body, length: object.ContentLength, type: 'application/zip' });
      } else {
        const bad = await withFile(object.Body, (path) => eachFile(path, (name, stream, length) =>
          put(run, ObjectKey === '' ? name : `${ObjectKey.replace(/\/$/, '')}/${name}`, { stream, length, type: contentType(name) })));
        if (bad !== undefined) return { status: 'Failed', code: 'JobFailed', message: bad };
      }
      return { status: 'Succeeded', summary: 'Deployment Succeeded', variables: { BucketName, ObjectKey } };
    },
  };
}

/** A zip's directory is at its end, so it is read from a file. */
async function withFile<T>(source: Readable, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-artifact-'));
  try {
    const path = join(folder, 'artifact.zip');
    await pipeline(source, createWriteStream(path, { mode: 0o600 }));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FORMAT = 0o170000;
const LINK = 0o120000;

/** Calls `put` for each file, one after the other. Answers what is wrong with the zip, after which nothing more is put. */
async function eachFile(path: string, put: (name: string, stream: Readable, length: number) => Promise<void>): Promise<string | undefined> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path);
    for await (const entry of zip.eachEntry()) {
      if (isLink(entry)) return `The artifact holds the symbolic link ${entry.fileName}, which cannot be deployed to S3.`;
      if (entry.fileName.endsWith('/')) continue;
      await put(entry.fileName, await zip.openReadStreamPromise(entry), entry.uncompressedSize);
    }
  } catch (error) {
    if (isMalformed(error)) return `The artifact is not a valid zip: ${error.message}`;
    throw error;
  } finally {
    zip?.close();
  }
  return undefined;
}

function isLink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> 16) & FORMAT) === LINK;
}

/** yauzl's own errors, such as a name with `..`, are plain ones; ours and the system's have a name or a code. */
function isMalformed(error: unknown): error is Error {
  return error instanceof Error && error.name === 'Error' && !('code' in error);
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css', '.gif': 'image/gif', '.htm': 'text/html', '.html': 'text/html', '.ico': 'image/x-icon', '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg', '.js': 'text/javascript', '.json': 'application/json', '.map': 'application/json', '.md': 'text/markdown',
  '.mjs': 'text/javascript', '.mp4': 'video/mp4', '.pdf': 'application/pdf', '.png': 'image/png', '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf', '.txt': 'text/plain', '.wasm': 'application/wasm', '.webp': 'image/webp', '.woff': 'font/woff',
  '.woff2': 'font/woff2', '.xml': 'application/xml', '.zip': 'application/zip',
};

function contentType(name: string): string {
  return TYPES[extname(name).toLowerCase()] ?? 'binary/octet-stream';
}
