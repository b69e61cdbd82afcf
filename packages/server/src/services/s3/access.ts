import type { S3Api } from '@slipway/contracts';
import type { AccessRequest, AccessTable } from '../../kernel/service.ts';
import { parseCopySource } from './copy-source.ts';
import type { NotYet } from './not-yet.ts';
import { bucketArn, objectArn, parseTagging } from './names.ts';

/** Actions are named in AWS's Service Authorization Reference for S3; where versions are named, there is a second one. */
type BucketInput = { readonly Bucket: string };
type ObjectInput = BucketInput & { readonly Key: string; readonly VersionId?: string };

const onBucket = (action: string) => (input: BucketInput): AccessRequest => ({ action: `s3:${action}`, resource: bucketArn(input.Bucket) });

/** `versioned` is the action when a version is named. */
const onObject = (action: string, versioned = action) => (input: ObjectInput): AccessRequest => objectRequest(action, versioned, input);

function objectRequest(action: string, versioned: string, { Bucket, Key, VersionId }: ObjectInput, context: AccessRequest['context'] = {}): AccessRequest {
  return { action: `s3:${VersionId === undefined ? action : versioned}`, resource: objectArn(Bucket, Key), context: { ...context, 's3:VersionId': VersionId } };
}

export const deleteRequest = (Bucket: string, Key: string, VersionId: string | undefined): AccessRequest =>
  objectRequest('DeleteObject', 'DeleteObjectVersion', { Bucket, Key, VersionId });

type ListInput = BucketInput & { readonly Prefix?: string; readonly Delimiter?: string; readonly MaxKeys?: number };
const listing = (action: string) => (input: ListInput): AccessRequest => ({
  action: `s3:${action}`,
  resource: bucketArn(input.Bucket),
  context: { 's3:prefix': input.Prefix ?? '', 's3:delimiter': input.Delimiter, 's3:max-keys': input.MaxKeys === undefined ? undefined : String(input.MaxKeys) },
});

type WriteInput = BucketInput & {
  readonly Key: string;
  readonly ServerSideEncryption?: string;
  readonly StorageClass?: string;
  readonly ACL?: string;
  readonly Tagging?: string;
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
};

function writeRequests(input: WriteInput, context: AccessRequest['context'] = {}): AccessRequest[] {
  const tags = Object.entries(parseTagging(input.Tagging));
  const all = {
    ...context,
    's3:x-amz-server-side-encryption': input.ServerSideEncryption,
    's3:x-amz-storage-class': input.StorageClass,
    's3:x-amz-acl': input.ACL,
    's3:if-match': input.IfMatch,
    's3:if-none-match': input.IfNoneMatch,
    's3:RequestObjectTagKeys': tags.length > 0 ? tags.map(([key]) => key) : undefined,
    ...Object.fromEntries(tags.map(([key, value]) => [`s3:RequestObjectTag/${key}`, value])),
  };
  const resource = objectArn(input.Bucket, input.Key);
  const put = { action: 's3:PutObject', resource, context: all };
  return tags.length > 0 ? [put, { action: 's3:PutObjectTagging', resource, context: all }] : [put];
}

const sourceRequest = (header: string): AccessRequest => objectRequest('GetObject', 'GetObjectVersion', parseCopySource(header));

const putObject = onObject('PutObject');
const getObject = onObject('GetObject', 'GetObjectVersion');

export const access: AccessTable<S3Api, NotYet> = {
  CreateBucket: onBucket('CreateBucket'),
  HeadBucket: onBucket('ListBucket'),
  ListBuckets: () => ({ action: 's3:ListAllMyBuckets', resource: '*' }),
  DeleteBucket: onBucket('DeleteBucket'),
  GetBucketLocation: onBucket('GetBucketLocation'),
  GetBucketVersioning: onBucket('GetBucketVersioning'),
  PutBucketVersioning: onBucket('PutBucketVersioning'),
  GetBucketEncryption: onBucket('GetEncryptionConfiguration'),
  PutBucketEncryption: onBucket('PutEncryptionConfiguration'),
  DeleteBucketEncryption: onBucket('PutEncryptionConfiguration'),
  GetBucketTagging: onBucket('GetBucketTagging'),
  PutBucketTagging: onBucket('PutBucketTagging'),
  DeleteBucketTagging: onBucket('PutBucketTagging'),
  PutObject: (input) => writeRequests(input),
  GetObject: getObject,
  HeadObject: getObject,
  GetObjectAttributes: (input) => [getObject(input), onObject('GetObjectAttributes', 'GetObjectVersionAttributes')(input)],
  CopyObject: (input) => [
    sourceRequest(input.CopySource),
    ...writeRequests(input, { 's3:x-amz-copy-source': input.CopySource, 's3:x-amz-metadata-directive': input.MetadataDirective }),
  ],
  DeleteObject: onObject('DeleteObject', 'DeleteObjectVersion'),
  // Every key is asked for on its own, in the handler: what is denied is an entry in the answer, not the answer.
  DeleteObjects: () => [],
  ListObjects: listing('ListBucket'),
  ListObjectsV2: listing('ListBucket'),
  ListObjectVersions: listing('ListBucketVersions'),
  CreateMultipartUpload: (input) => writeRequests(input),
  UploadPart: putObject,
  UploadPartCopy: (input) => [sourceRequest(input.CopySource), putObject(input)],
  CompleteMultipartUpload: (input) => writeRequests({ Bucket: input.Bucket, Key: input.Key, IfMatch: input.IfMatch, IfNoneMatch: input.IfNoneMatch }),
  AbortMultipartUpload: onObject('AbortMultipartUpload'),
  ListParts: onObject('ListMultipartUploadParts'),
  ListMultipartUploads: (input) => listing('ListBucketMultipartUploads')(input),
  GetObjectTagging: onObject('GetObjectTagging', 'GetObjectVersionTagging'),
  PutObjectTagging: onObject('PutObjectTagging', 'PutObjectVersionTagging'),
  DeleteObjectTagging: onObject('DeleteObjectTagging', 'DeleteObjectVersionTagging'),
};
