import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { refuse } from './common-errors.ts';

const unzip = promisify(gunzip);

/** A body as it was before the client compressed it (the SDKs do so with large ones of PutMetricData); never more than `limit` bytes. */
export async function inflated(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  if (encoding?.trim().toLowerCase() !== 'gzip') return body;
  try {
    return await unzip(body, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw refuse('RequestEntityTooLarge', `Request body is larger than ${limit} bytes.`);
    throw refuse('SerializationException', 'The request body is not valid gzip');
  }
}
