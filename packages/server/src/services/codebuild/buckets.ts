import type { Readable } from 'node:stream';
import type { BucketOwnerAccess } from '@slipway/contracts/codebuild';
import { formatArn, parseArn } from '../../kernel/arn.ts';

/** Bucket and key in `arn:aws:s3:::bucket/key` or `bucket/key`. */
export function s3Place(location: string): { bucket: string; key: string } {
  const path = parseArn(location)?.resource ?? location;
  const cut = path.indexOf('/');
  return cut < 0 ? { bucket: path, key: '' } : { bucket: path.slice(0, cut), key: path.slice(cut + 1) };
}

/** Bucket and folders, for what is put below a location: slashes that name no folder say nothing. */
export function s3Folder(location: string): { bucket: string; folders: readonly string[] } {
  const { bucket, key } = s3Place(location);
  return { bucket, folders: key.split('/').filter((part) => part !== '') };
}

export const s3Arn = ({ bucket, key }: { bucket: string; key: string }): string => formatArn({ service: 's3', resource: `${bucket}/${key}` });

export const isS3Arn = (text: string | undefined): boolean => text !== undefined && parseArn(text)?.service === 's3';

/** What `bucketOwnerAccess` asks of S3; roles may be allowed no other upload. */
export const ownerAcl = (access: BucketOwnerAccess | undefined): { ACL?: 'bucket-owner-full-control' } => (access === 'FULL' ? { ACL: 'bucket-owner-full-control' } : {});

/** A call that is refused reads nothing of its body: the file is closed all the same, and an error that nobody awaits ends nothing. */
export async function withBody<T>(body: Readable, put: (body: Readable) => Promise<T>): Promise<T> {
  body.on('error', () => undefined);
  try {
    return await put(body);
  } finally {
    body.destroy();
  }
}
