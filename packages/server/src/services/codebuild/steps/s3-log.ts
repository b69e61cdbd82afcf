import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isLaunched, readSpool } from '@slipway/builder';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { LogEntry } from '../../../logs/ports.ts';
import { ownerAcl, withBody } from '../buckets.ts';
import { s3LogPlace, type StoredBuild } from '../builds/build.ts';
import type { Held } from './held.ts';

export interface S3LogDeps {
  readonly peers: Peers;
  readonly held: Held;
  readonly log: Log;
}

/**
 * Puts the whole log of a build that is over into S3, compressed, as its role: CodeBuild's own lines from the row, the
 * commands' from the spool, in the order of their numbers. It passes through in pieces, however long it is.
 */
export async function uploadS3Log({ peers, held, log }: S3LogDeps, build: StoredBuild, folder: string, signal: AbortSignal): Promise<void> {
  const at = s3LogPlace(build);
  if (!at) return;
  const file = join(folder, 'log.gz');
  try {
    const role = await held.role(build);
    await pipeline(Readable.from(batched(build, folder)), createGzip(), createWriteStream(file, { mode: 0o600 }), { signal });
    const { size } = await stat(file);
    await withBody(createReadStream(file), (Body) => peers.as(role).s3.PutObject({ Bucket: at.bucket, Key: at.key, Body, ContentLength: size, ContentType: 'application/gzip', ...ownerAcl(build.definition.logsConfig?.s3Logs?.bucketOwnerAccess) }, { region: build.region, signal }));
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    log.warn('The log of a build cannot be put into S3', { build: build.id, error });
  } finally {
    await rm(file, { force: true });
  }
}

async function* batched(build: StoredBuild, folder: string): AsyncGenerator<string> {
  const own = JSON.parse(build.own_lines ?? '[]') as LogEntry[];
  const before = (first: number): string => {
    const count = own.findIndex(({ seq }) => seq >= first);
    return own.splice(0, count < 0 ? own.length : count).map(({ message }) => `${message}\n`).join('');
  };
  for (let from = 0, more = await isLaunched(folder); more; ) {
    const part = await readSpool(folder, { from });
    for (const { frame, next } of part.frames) {
      from = next;
      if (frame.type === 'log') yield before(frame.first) + frame.lines.map(({ text }) => `${text}\n`).join('');
    }
    more = part.more;
  }
  yield before(Infinity);
}
