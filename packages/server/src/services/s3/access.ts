import type { S3Api } from '@slipway/contracts';
import type { AccessRequest, AccessTable, OperationRequest } from '../../kernel/service.ts';
import { parseCopySource } from './copy-source.ts';
import type { NotYet } from './not-yet.ts';
import { bucketArn, objectArn, parseTagging } from './names.ts';

type BucketInput = { readonly Bucket: string };
type ObjectInput = BucketInput & { readonly Key: string; readonly VersionId?: string };

const named = (action: string, request: OperationRequest): AccessRequest => ({ ...request, action: `s3:${action}` });

const onBucket = ({ Bucket }: BucketInput): OperationRequest => ({ resource: bucketArn(Bucket) });

/** Under another name than the operation's, as the Service Authorization Reference for S3 has it. */
const onBucketAs = (action: string) => (input: BucketInput): AccessRequest => named(action, onBucket(input));

const onObject = ({ Bucket, Key, VersionId }: ObjectInput): OperationRequest => ({ resource: objectArn(Bucket, Key), context: { 's3:VersionId': VersionId } });

const onObjectAs = (action: string) => (input: ObjectInput): AccessRequest => named(action, onObject(input));

/** `versioned` is the action when a version is named. */
const onVersionAs = (versioned: string) => (input: ObjectInput): OperationRequest => (input.VersionId === undefined ? onObject(input) : named(versioned, onObject(input)));

const readRequest = (input: ObjectInput): AccessRequest => named(input.VersionId === undefined ? 'GetObject' : 'GetObjectVersion', onObject(input));

export const deleteRequest = (Bucket: string, Key: string, VersionId: string | undefined): AccessRequest =>
  named(VersionId === undefined ? 'DeleteObject' : 'DeleteObjectVersion', onObject({ Bucket, Key, VersionId }));

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

const sourceRequest = (header: string): AccessRequest => readRequest(parseCopySource(header));

const writeObject = onObjectAs('PutObject');

export const access: AccessTable<S3Api, NotYet> = {
  CreateBucket: onBucket,
  HeadBucket: onBucketAs('ListBucket'),
  ListBuckets: () => ({ action: 's3:ListAllMyBuckets', resource: '*' }),
  DeleteBucket: onBucket,
  GetBucketLocation: onBucket,
  GetBucketVersioning: onBucket,
  PutBucketVersioning: onBucket,
  GetBucketEncryption: onBucketAs('GetEncryptionConfiguration'),
  PutBucketEncryption: onBucketAs('PutEncryptionConfiguration'),
  DeleteBucketEncryption: onBucketAs('PutEncryptionConfiguration'),
  GetBucketTagging: onBucket,
  PutBucketTagging: onBucket,
  DeleteBucketTagging: onBucketAs('PutBucketTagging'),
  PutObject: (input) => writeRequests(input),
  GetObject: onVersionAs('GetObjectVersion'),
  HeadObject: readRequest,
  GetObjectAttributes: (input) => [readRequest(input), onVersionAs('GetObjectVersionAttributes')(input)],
  CopyObject: (input) => [
    sourceRequest(input.CopySource),
    ...writeRequests(input, { 's3:x-amz-copy-source': input.CopySource, 's3:x-amz-metadata-directive': input.MetadataDirective }),
  ],
  DeleteObject: onVersionAs('DeleteObjectVersion'),
  // Every key is asked for on its own, in the handler: what is denied is an entry in the answer, not the answer.
  DeleteObjects: () => [],
  ListObjects: listing('ListBucket'),
  ListObjectsV2: listing('ListBucket'),
  ListObjectVersions: listing('ListBucketVersions'),
  CreateMultipartUpload: (input) => writeRequests(input),
  UploadPart: writeObject,
  UploadPartCopy: (input) => [sourceRequest(input.CopySource), writeObject(input)],
  CompleteMultipartUpload: (input) => writeRequests({ Bucket: input.Bucket, Key: input.Key, IfMatch: input.IfMatch, IfNoneMatch: input.IfNoneMatch }),
  AbortMultipartUpload: onObject,
  ListParts: onObjectAs('ListMultipartUploadParts'),
  ListMultipartUploads: (input) => listing('ListBucketMultipartUploads')(input),
  GetObjectTagging: onVersionAs('GetObjectVersionTagging'),
  PutObjectTagging: onVersionAs('PutObjectVersionTagging'),
  DeleteObjectTagging: onVersionAs('DeleteObjectVersionTagging'),
};
