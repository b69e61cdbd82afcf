import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { GetObjectOutput } from '@slipway/contracts/s3';
import { ServiceError } from '../../../kernel/errors.ts';
import { BadZip, unzip } from '../../../kernel/unzip.ts';
import { SourceError, type SourceDeps, type SourceRequest } from './source.ts';

/** What all sources in S3 have in common. */
export function s3Objects({ peers }: Pick<SourceDeps, 'peers'>) {
  const s3 = ({ role }: SourceRequest) => peers.as(role).s3;

  async function get(request: SourceRequest, at: { bucket: string; key: string; versionId?: string | undefined }): Promise<GetObjectOutput> {
    try {
      return await s3(request).GetObject({ Bucket: at.bucket, Key: at.key, VersionId: at.versionId }, { region: request.region, signal: request.signal });
    } catch (error) {
      throw inWords(error);
    }
  }

  return {
    /** An archive, unpacked into the source's folder. Answers the object. */
    async archive(request: SourceRequest, at: { bucket: string; key: string; versionId?: string | undefined }): Promise<GetObjectOutput> {
      const object = await get(request, at);
      const file = join(request.scratch, 'source.zip');
      try {
        await save(request, object, file);
        await unzip(file, request.folder, { signal: request.signal });
      } catch (error) {
        throw error instanceof BadZip ? new SourceError(`${error.message} (${at.bucket}/${at.key})`, { cause: error }) : error;
      } finally {
        await rm(file, { force: true });
      }
      return object;
    },

    /** All objects below a prefix, as files. */
    async prefix(request: SourceRequest, { bucket, key: prefix }: { bucket: string; key: string }): Promise<void> {
      let token: string | undefined;
      do {
        const page = await list(request, bucket, prefix, token);
        for (const { Key = '' } of page.Contents ?? []) {
          const path = Key.slice(prefix.length);
          if (path === '' || path.endsWith('/')) continue;
          if (path.includes('\0') || path.split('/').some((part) => part === '..' || part === '.' || part === '')) throw new SourceError(`the key ${Key} of the bucket ${bucket} cannot be a file's name`);
          await saveAs(request, await get(request, { bucket, key: Key }), path, `the key ${Key} of the bucket ${bucket}`);
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
  };

  async function list(request: SourceRequest, bucket: string, prefix: string, token: string | undefined) {
    try {
      return await s3(request).ListObjectsV2({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }, { region: request.region, signal: request.signal });
    } catch (error) {
      throw inWords(error);
    }
  }
}

/** Keys may be what no two files of one folder can be called: `a` and `a/b`, or longer than a file system takes. */
async function saveAs(request: SourceRequest, object: GetObjectOutput, path: string, called: string): Promise<void> {
  try {
    await save(request, object, join(request.folder, posix.normalize(path)));
  } catch (error) {
    throw isNameProblem(error) ? new SourceError(`${called} cannot be a file beside those of the other keys: ${error.code}`, { cause: error }) : error;
  }
}

const NAME_PROBLEMS = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG'];

const isNameProblem = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && NAME_PROBLEMS.includes(String((error as NodeJS.ErrnoException).code));

async function save({ signal }: SourceRequest, object: GetObjectOutput, file: string): Promise<void> {
  if (!object.Body) throw new Error('GetObject answered no body');
  const { Body } = object;
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (error) {
    // Nobody reads it any more, and a file behind it would stay open.
    Body.destroy();
    throw error;
  }
  await pipeline(Body, createWriteStream(file, { mode: 0o644 }), { signal });
}

const inWords = (error: unknown): unknown => (error instanceof ServiceError ? new SourceError(`${error.name}: ${error.message}`, { cause: error }) : error);
