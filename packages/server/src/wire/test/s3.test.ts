import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand, DeleteObjectCommand, DeleteObjectsCommand,
  GetBucketLocationCommand, GetBucketVersioningCommand, GetObjectCommand, GetObjectTaggingCommand, HeadBucketCommand, HeadObjectCommand, ListBucketsCommand,
  ListMultipartUploadsCommand, ListObjectVersionsCommand, ListObjectsCommand, ListObjectsV2Command, ListPartsCommand, PutBucketVersioningCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client,
  UploadPartCommand, UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { permanent, stubServer } from './stub-server.ts';
import type { StubServer } from './stub-server.ts';

let server: StubServer;
let s3: S3Client;
let virtual: S3Client;

beforeAll(async () => {
  server = await stubServer(['s3', 'iam', 'codebuild']);
  const config = { region: 'us-east-1', credentials: permanent, maxAttempts: 1 };
  s3 = new S3Client({ ...config, endpoint: server.endpoint, forcePathStyle: true });
  // Not every machine resolves names below localhost, so the test connects to the server whatever the name.
  const httpAgent = new Agent({ lookup: (_name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
  virtual = new S3Client({ ...config, endpoint: `http://localhost:${server.port}`, requestHandler: { httpAgent } });
});
afterAll(() => server.close());
beforeEach(() => {
  server.answer = {};
  server.heard.length = 0;
});

const Bucket = 'a-bucket';
const Key = 'a folder/ü+(1)&=.txt';

test('restXml: every operation of an object and a bucket is told apart', async () => {
  const sent = [
    new ListBucketsCommand({}), new CreateBucketCommand({ Bucket }), new HeadBucketCommand({ Bucket }), new GetBucketLocationCommand({ Bucket }), new GetBucketVersioningCommand({ Bucket }),
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }), new ListObjectsCommand({ Bucket }), new ListObjectsV2Command({ Bucket }),
    new ListObjectVersionsCommand({ Bucket }), new ListMultipartUploadsCommand({ Bucket }), new PutObjectCommand({ Bucket, Key, Body: 'x' }), new CopyObjectCommand({ Bucket, Key, CopySource: 'b/k' }),
    new HeadObjectCommand({ Bucket, Key }), new GetObjectTaggingCommand({ Bucket, Key }), new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } }),
    new DeleteObjectCommand({ Bucket, Key }), new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }), new CreateMultipartUploadCommand({ Bucket, Key }),
    new UploadPartCommand({ Bucket, Key, UploadId: 'u', PartNumber: 1, Body: 'x' }), new UploadPartCopyCommand({ Bucket, Key, UploadId: 'u', PartNumber: 1, CopySource: 'b/k' }),
    new ListPartsCommand({ Bucket, Key, UploadId: 'u' }), new AbortMultipartUploadCommand({ Bucket, Key, UploadId: 'u' }),
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId: 'u', MultipartUpload: { Parts: [{ ETag: 'e', PartNumber: 1 }] } }),
  ];
  for (const command of sent) await s3.send(command as ListBucketsCommand);
  expect(server.heard.map((each) => each.operation)).toEqual(sent.map((command) => command.constructor.name.replace(/Command$/, '')));
  for (const { input } of server.heard.slice(1)) expect(input['Bucket']).toBe(Bucket);
  for (const { input } of server.heard.slice(10, 16)) expect(input['Key']).toBe(Key);
});

test('restXml: virtual-hosted buckets are the same as buckets in the path', async () => {
  await virtual.send(new PutObjectCommand({ Bucket, Key, Body: 'hello' }));
  await virtual.send(new ListObjectsV2Command({ Bucket, Prefix: 'a b', MaxKeys: 5 }));
  expect(server.heard).toMatchObject([
    { operation: 'PutObject', input: { Bucket, Key } },
    { operation: 'ListObjectsV2', input: { Bucket, Prefix: 'a b', MaxKeys: 5 } },
  ]);
});

test('restXml: a body comes as bytes with its headers and metadata', async () => {
  const Body = randomBytes(300_000);
  server.answer = { ETag: '"e"', VersionId: 'v1' };
  const answer = await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/x', ContentEncoding: 'br', Metadata: { Who: 'me' }, Expires: new Date(1_000_000), ServerSideEncryption: 'AES256' }));
  expect(answer).toMatchObject({ ETag: '"e"', VersionId: 'v1' });
  expect(server.heard[0]!.input).toMatchObject({ ContentType: 'text/x', ContentEncoding: 'br', Metadata: { who: 'me' }, ServerSideEncryption: 'AES256' });
  expect(Buffer.compare(server.heard[0]!.input['Body'] as Buffer, Body)).toBe(0);
});

test('restXml: a stream comes chunked with a checksum behind it, for each algorithm', async () => {
  const bytes = randomBytes(200_000);
  for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const) {
    server.heard.length = 0;
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]), ContentLength: bytes.length, ChecksumAlgorithm }));
    expect(Buffer.compare(server.heard[0]!.input['Body'] as Buffer, bytes)).toBe(0);
    expect(server.heard[0]!.input['ContentEncoding']).toBeUndefined();
  }
});

test('restXml: an object streams out with its headers, and a range answers 206', async () => {
  const bytes = randomBytes(100_000);
  const LastModified = Date.UTC(2026, 0, 2, 3, 4, 5);
  server.answer = { Body: Readable.from([bytes]), ContentLength: bytes.length, ContentType: 'text/x', ETag: '"e"', LastModified, Metadata: { who: 'me' } };
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key }));
  expect(answer).toMatchObject({ ContentLength: bytes.length, ContentType: 'text/x', ETag: '"e"', LastModified: new Date(LastModified), Metadata: { who: 'me' } });
  expect(Buffer.compare(Buffer.from(await answer.Body!.transformToByteArray()), bytes)).toBe(0);

  server.answer = { Body: Readable.from(['abc']), ContentLength: 3, ContentRange: 'bytes 0-2/9' };
  const part = await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-2' }));
  expect(part.$metadata.httpStatusCode).toBe(206);
  expect(await part.Body!.transformToString()).toBe('abc');
});

test('restXml: flattened lists, common prefixes and special characters are read back', async () => {
  server.answer = { Name: Bucket, KeyCount: 2, IsTruncated: false, Contents: [{ Key: 'a<&>\r\n"\u0001', Size: 5, LastModified: 1000, ETag: '"e"' }], CommonPrefixes: [{ Prefix: 'p/' }, { Prefix: 'q/' }] };
  const { Contents, CommonPrefixes, IsTruncated } = await s3.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents).toMatchObject([{ Key: expect.stringContaining('a<&>\r\n"') as string, Size: 5, LastModified: new Date(1000) }]);
  expect({ CommonPrefixes, IsTruncated }).toEqual({ CommonPrefixes: [{ Prefix: 'p/' }, { Prefix: 'q/' }], IsTruncated: false });

  server.answer = { Versions: [{ Key: 'k', VersionId: 'v', IsLatest: true }], DeleteMarkers: [{ Key: 'k', VersionId: 'd' }] };
  expect(await s3.send(new ListObjectVersionsCommand({ Bucket }))).toMatchObject({ Versions: [{ Key: 'k', IsLatest: true }], DeleteMarkers: [{ VersionId: 'd' }] });
});

test('restXml: XML bodies arrive as structures', async () => {
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects: [{ Key: 'a' }, { Key: 'b', VersionId: 'v' }] } }));
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [{ Key: 'k', Value: '' }] } }));
  expect(server.heard.map(({ input }) => input['CreateBucketConfiguration'] ?? input['Delete'] ?? input['Tagging'])).toEqual([
    { LocationConstraint: 'eu-west-1' },
    { Quiet: true, Objects: [{ Key: 'a' }, { Key: 'b', VersionId: 'v' }] },
    { TagSet: [{ Key: 'k', Value: '' }] },
  ]);
});

test('restXml: GetBucketLocation is its own root', async () => {
  server.answer = { LocationConstraint: 'eu-west-1' };
  expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-west-1');
});

test('restXml: errors have S3\'s codes, and HEAD only a status', async () => {
  server.answer = new ServiceError('NoSuchKey', 'The specified key does not exist.', { detail: { Key: 'a&b' } });
  await expect(s3.send(new GetObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'NoSuchKey', Key: 'a&b', $metadata: { httpStatusCode: 404, requestId: 'the-request-id' } });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'NotFound', $metadata: { httpStatusCode: 404 } });
  server.answer = new ServiceError('AccessDeniedException', 'no');
  await expect(s3.send(new GetObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
});
