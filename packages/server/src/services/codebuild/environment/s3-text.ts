import type { Caller } from '../../../kernel/caller.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { StoredBuild } from '../builds/build.ts';
import { s3Place } from '../buckets.ts';
import { maxTextBytes } from '../limits.ts';
import { SourceError } from '../sources/index.ts';

export interface TextRequest {
  readonly build: StoredBuild;
  readonly role: Caller;
  readonly signal: AbortSignal;
}

/** A text of the build's in S3, read as its role; `what` is how errors call it. @throws ServiceError, SourceError when it is too large */
export async function textFromS3(peers: Peers, { build, role, signal }: TextRequest, location: string, what: string): Promise<string> {
  const { bucket, key } = s3Place(location);
  const { Body } = await peers.as(role).s3.GetObject({ Bucket: bucket, Key: key }, { region: build.region, signal });
  const pieces: Buffer[] = [];
  let bytes = 0;
  // To leave the loop closes the body.
  for await (const piece of Body ?? []) {
    bytes += (piece as Buffer).length;
    if (bytes > maxTextBytes) throw new SourceError(`the ${what} ${location} is larger than ${maxTextBytes} bytes`);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}
