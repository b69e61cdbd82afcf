import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { uriEncode } from '@slipway/sigv4';
import type { AgentConfig } from './config.ts';
import { send, textOf } from './http.ts';
import { ApiError } from './protocol.ts';
import { signedHeaders } from './signing.ts';
import type { S3Revision } from './specification.ts';

const LONGEST_SILENCE_MS = 60_000;

/** Streams the revision's bundle into `file` with the host's own rights; answers the object's ETag without quotes. */
export async function download(config: AgentConfig, revision: S3Revision, file: string, signal: AbortSignal): Promise<string> {
  const url = new URL(`${config.s3Endpoint}/${uriEncode(revision.bucket)}/${revision.key.split('/').map((part) => uriEncode(part)).join('/')}`);
  if (revision.version !== undefined) url.searchParams.set('versionId', revision.version);
  const headers = await signedHeaders(config, 's3', 'GET', url, {});
  const response = await send({ method: 'GET', url, headers, timeoutMs: LONGEST_SILENCE_MS, signal });
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    const text = await textOf(response, 64 * 1024);
    const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? String(status);
    const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? '';
    throw new ApiError(status, `The bundle s3://${revision.bucket}/${revision.key} cannot be downloaded: ${code} ${message}`.trimEnd());
  }
  const etag = (response.headers.etag ?? '').replaceAll('"', '');
  const expected = revision.etag?.replaceAll('"', '');
  if (expected !== undefined && expected !== etag) {
    response.destroy();
    throw new Error(`Expected deployment artifact bundle etag ${expected} but was actually ${etag}`);
  }
  await pipeline(response, createWriteStream(file), { signal });
  return etag;
}
