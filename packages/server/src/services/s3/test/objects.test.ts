import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { S3 } from '@aws-sdk/client-s3';
import { startS3 } from './harness.ts';

const named = (name: string) => expect.objectContaining({ name });
const status = (code: number) => expect.objectContaining({ $metadata: expect.objectContaining({ httpStatusCode: code }) });

describe('S3 objects', () => {
  let server: Awaited<ReturnType<typeof startS3>>;
  let s3: S3;
  let count = 0;
  beforeAll(async () => {
    server = await startS3();
    s3 = server.client;
  });
  afterAll(() => server.stop());
  const bucket = async (versioned = false): Promise<string> => {
    const Bucket = `bucket-${++count}`;
    await s3.createBucket({ Bucket });
    if (versioned) await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    return Bucket;
  };
  const text = async (Bucket: string, Key: string, VersionId?: string): Promise<string> => (await s3.getObject({ Bucket, Key, VersionId })).Body!.transformToString();

  it('PutObject, GetObject, HeadObject: bytes and properties come back as given', async () => {
    const Bucket = await bucket();
    const put = await s3.putObject({ Bucket, Key: 'a b/ü+%.txt', Body: 'hello', ContentType: 'text/plain', CacheControl: 'no-cache', Metadata: { Owner: 'me' }, Tagging: 'k=v&k2=v%202' });
    expect(put).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ServerSideEncryption: 'AES256', ChecksumType: 'FULL_OBJECT' });
    expect(put.VersionId).toBeUndefined();
    const got = await s3.getObject({ Bucket, Key: 'a b/ü+%.txt' });
    expect(await got.Body!.transformToString()).toBe('hello');
    expect(got).toMatchObject({ ContentType: 'text/plain', CacheControl: 'no-cache', Metadata: { owner: 'me' }, ContentLength: 5, TagCount: 2, AcceptRanges: 'bytes' });
    const head = await s3.headObject({ Bucket, Key: 'a b/ü+%.txt', ChecksumMode: 'ENABLED' });
    expect(head).toMatchObject({ ContentLength: 5, ETag: put.ETag, ChecksumCRC32: put.ChecksumCRC32 });
    const other = await s3.getObject({ Bucket, Key: 'a b/ü+%.txt', ResponseContentType: 'image/png' });
    expect(other.ContentType).toBe('image/png');
    other.Body?.transformToString();
  });

  it('an empty object and a stream of unknown length are stored', async () => {
    const Bucket = await bucket();
    await s3.putObject({ Bucket, Key: 'empty', Body: '' });
    expect(await text(Bucket, 'empty')).toBe('');
    const bytes = randomBytes(300_000);
    await s3.putObject({ Bucket, Key: 'stream', Body: Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]), ContentLength: bytes.length });
    const back = await (await s3.getObject({ Bucket, Key: 'stream' })).Body!.transformToByteArray();
    expect(Buffer.from(back).equals(bytes)).toBe(true);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('PutObject: a %s checksum is kept, and a wrong one stores nothing', async (ChecksumAlgorithm) => {
    const Bucket = await bucket();
    const put = await s3.putObject({ Bucket, Key: 'k', Body: 'hello', ChecksumAlgorithm });
    const name = `Checksum${ChecksumAlgorithm}` as const;
    expect(put[name]).toBeDefined();
    expect((await s3.getObjectAttributes({ Bucket, Key: 'k', ObjectAttributes: ['Checksum', 'ETag', 'ObjectSize'] })).Checksum).toMatchObject({ [name]: put[name], ChecksumType: 'FULL_OBJECT' });
    await expect(s3.putObject({ Bucket, Key: 'wrong', Body: 'other', [name]: put[name] })).rejects.toThrow(named('BadDigest'));
    await expect(s3.headObject({ Bucket, Key: 'wrong' })).rejects.toThrow(status(404));
  });

  it('PutObject: a wrong Content-MD5 is BadDigest, a malformed one InvalidDigest', async () => {
    const Bucket = await bucket();
    await expect(s3.putObject({ Bucket, Key: 'k', Body: 'x', ContentMD5: Buffer.alloc(16).toString('base64') })).rejects.toThrow(named('BadDigest'));
    await expect(s3.putObject({ Bucket, Key: 'k', Body: 'x', ContentMD5: 'eA==' })).rejects.toThrow(named('InvalidDigest'));
    await s3.putObject({ Bucket, Key: 'k', Body: 'x', ContentMD5: createHash('md5').update('x').digest('base64') });
  });

  it('PutObject: two writers with If-None-Match * make one object', async () => {
    const Bucket = await bucket();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => s3.putObject({ Bucket, Key: 'lock', Body: String(n), IfNoneMatch: '*' })));
    expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
    for (const each of tries) if (each.status === 'rejected') expect(each.reason).toMatchObject({ name: 'PreconditionFailed' });
    const { ETag } = await s3.headObject({ Bucket, Key: 'lock' });
    await expect(s3.putObject({ Bucket, Key: 'lock', Body: 'z', IfMatch: '"no"' })).rejects.toThrow(named('PreconditionFailed'));
    await s3.putObject({ Bucket, Key: 'lock', Body: 'z', IfMatch: ETag });
    await expect(s3.putObject({ Bucket, Key: 'none', Body: 'z', IfMatch: ETag })).rejects.toThrow(named('NoSuchKey'));
  });

  it('GetObject: ranges are 206 and exact, unsatisfiable ones 416', async () => {
    const Bucket = await bucket();
    const bytes = randomBytes(200_000);
    await s3.putObject({ Bucket, Key: 'k', Body: bytes });
    const got = await s3.getObject({ Bucket, Key: 'k', Range: 'bytes=65530-131080' });
    expect(got).toMatchObject({ ContentRange: 'bytes 65530-131080/200000', ContentLength: 65551, $metadata: { httpStatusCode: 206 } });
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(bytes.subarray(65530, 131081))).toBe(true);
    await expect(s3.getObject({ Bucket, Key: 'k', Range: 'bytes=200000-' })).rejects.toThrow(named('InvalidRange'));
    await expect(s3.getObject({ Bucket, Key: 'k', PartNumber: 2 })).rejects.toThrow(named('InvalidPartNumber'));
  });

  it('GetObject: conditions answer 304 and 412', async () => {
    const Bucket = await bucket();
    const { ETag } = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    await expect(s3.getObject({ Bucket, Key: 'k', IfNoneMatch: ETag })).rejects.toThrow(status(304));
    await expect(s3.getObject({ Bucket, Key: 'k', IfMatch: '"y"' })).rejects.toThrow(named('PreconditionFailed'));
    expect(await (await s3.getObject({ Bucket, Key: 'k', IfMatch: ETag })).Body!.transformToString()).toBe('x');
  });

  it('GetObject: a missing key is NoSuchKey, or AccessDenied to who may not list', async () => {
    const Bucket = await bucket();
    await expect(s3.getObject({ Bucket, Key: 'no' })).rejects.toThrow(named('NoSuchKey'));
    server.denied.add('s3:ListBucket');
    await expect(s3.getObject({ Bucket, Key: 'no' })).rejects.toThrow(named('AccessDenied'));
    server.denied.clear();
  });

  it('versions: each put is kept, a delete hides behind a marker, removing the marker brings back', async () => {
    const Bucket = await bucket(true);
    const one = await s3.putObject({ Bucket, Key: 'k', Body: 'one' });
    const two = await s3.putObject({ Bucket, Key: 'k', Body: 'two' });
    expect(one.VersionId).not.toBe(two.VersionId);
    expect([await text(Bucket, 'k'), await text(Bucket, 'k', one.VersionId)]).toEqual(['two', 'one']);
    const deleted = await s3.deleteObject({ Bucket, Key: 'k' });
    expect(deleted.DeleteMarker).toBe(true);
    await expect(s3.getObject({ Bucket, Key: 'k' })).rejects.toThrow(named('NoSuchKey'));
    await expect(s3.getObject({ Bucket, Key: 'k', VersionId: deleted.VersionId })).rejects.toThrow(named('MethodNotAllowed'));
    expect((await s3.listObjectsV2({ Bucket })).KeyCount).toBe(0);
    const listed = await s3.listObjectVersions({ Bucket });
    expect(listed.DeleteMarkers).toMatchObject([{ Key: 'k', VersionId: deleted.VersionId, IsLatest: true }]);
    expect(listed.Versions?.map((each) => [each.VersionId, each.IsLatest])).toEqual([[two.VersionId, false], [one.VersionId, false]]);
    await s3.deleteObject({ Bucket, Key: 'k', VersionId: deleted.VersionId });
    expect(await text(Bucket, 'k')).toBe('two');
    await s3.deleteObject({ Bucket, Key: 'k', VersionId: two.VersionId });
    expect(await text(Bucket, 'k')).toBe('one');
    await expect(s3.deleteBucket({ Bucket })).rejects.toThrow(named('BucketNotEmpty'));
    await s3.deleteObject({ Bucket, Key: 'k', VersionId: one.VersionId });
    await s3.deleteBucket({ Bucket });
  });

  it('versions: with versioning suspended the null version is replaced and the others stay', async () => {
    const Bucket = await bucket();
    await s3.putObject({ Bucket, Key: 'k', Body: 'before' });
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    const kept = await s3.putObject({ Bucket, Key: 'k', Body: 'kept' });
    expect(await text(Bucket, 'k', 'null')).toBe('before');
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Suspended' } });
    expect((await s3.putObject({ Bucket, Key: 'k', Body: 'after' })).VersionId).toBe('null');
    expect([await text(Bucket, 'k'), await text(Bucket, 'k', 'null'), await text(Bucket, 'k', kept.VersionId)]).toEqual(['after', 'after', 'kept']);
    expect(await s3.deleteObject({ Bucket, Key: 'k' })).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
    expect((await s3.listObjectVersions({ Bucket })).Versions).toHaveLength(1);
    await expect(s3.getObject({ Bucket, Key: 'k', VersionId: 'nonsense' })).rejects.toThrow(named('InvalidArgument'));
  });

  it('CopyObject: copies bytes and properties, or replaces them; onto itself only with a change', async () => {
    const Bucket = await bucket(true);
    const source = await s3.putObject({ Bucket, Key: 'from/ä?x', Body: 'bytes', ContentType: 'text/x', Metadata: { a: '1' }, Tagging: 't=1' });
    await s3.putObject({ Bucket, Key: 'from/ä?x', Body: 'newer' });
    const CopySource = `${Bucket}/${encodeURIComponent('from/ä?x')}?versionId=${source.VersionId}`;
    const copied = await s3.copyObject({ Bucket, Key: 'to', CopySource });
    expect(copied).toMatchObject({ CopySourceVersionId: source.VersionId, CopyObjectResult: { ETag: source.ETag } });
    expect(await s3.headObject({ Bucket, Key: 'to' })).toMatchObject({ ContentType: 'text/x', Metadata: { a: '1' }, TagCount: 1 });
    expect(await text(Bucket, 'to')).toBe('bytes');
    await s3.copyObject({ Bucket, Key: 'to', CopySource: `/${Bucket}/to`, MetadataDirective: 'REPLACE', Metadata: { b: '2' }, TaggingDirective: 'REPLACE', Tagging: '' });
    expect((await s3.headObject({ Bucket, Key: 'to' })).Metadata).toEqual({ b: '2' });
    await expect(s3.copyObject({ Bucket, Key: 'to', CopySource: `${Bucket}/to` })).rejects.toThrow(named('InvalidRequest'));
    await expect(s3.copyObject({ Bucket, Key: 'to', CopySource: `${Bucket}/no` })).rejects.toThrow(named('NoSuchKey'));
    await expect(s3.copyObject({ Bucket, Key: 'x', CopySource: `${Bucket}/to`, CopySourceIfNoneMatch: '*' })).rejects.toThrow(named('PreconditionFailed'));
  });

  it('DeleteObjects: says for each key what became of it', async () => {
    const Bucket = await bucket();
    for (const Key of ['a', 'b', 'c']) await s3.putObject({ Bucket, Key, Body: Key });
    server.denied.add(`s3:DeleteObject arn:aws:s3:::${Bucket}/b`);
    const answer = await s3.deleteObjects({ Bucket, Delete: { Objects: ['a', 'b', 'c', 'never'].map((Key) => ({ Key })) } });
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(['a', 'c', 'never']);
    expect(answer.Errors).toMatchObject([{ Key: 'b', Code: 'AccessDenied' }]);
    server.denied.clear();
    expect((await s3.deleteObjects({ Bucket, Delete: { Quiet: true, Objects: [{ Key: 'b', ETag: '"no"' }] } })).Errors).toMatchObject([{ Code: 'PreconditionFailed' }]);
    expect((await s3.deleteObjects({ Bucket, Delete: { Quiet: true, Objects: [{ Key: 'b' }] } })).Deleted ?? []).toEqual([]);
    await s3.deleteBucket({ Bucket });
  });

  it('object tags are put, got, deleted, and limited', async () => {
    const Bucket = await bucket();
    await s3.putObject({ Bucket, Key: 'k', Body: '' });
    await s3.putObjectTagging({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } });
    expect((await s3.getObjectTagging({ Bucket, Key: 'k' })).TagSet).toEqual([{ Key: 'a', Value: '1' }]);
    await expect(s3.putObjectTagging({ Bucket, Key: 'k', Tagging: { TagSet: Array.from({ length: 11 }, (_, n) => ({ Key: String(n), Value: '' })) } })).rejects.toThrow(named('InvalidTag'));
    await s3.deleteObjectTagging({ Bucket, Key: 'k' });
    expect((await s3.getObjectTagging({ Bucket, Key: 'k' })).TagSet ?? []).toEqual([]);
  });

  it('what is not honoured is refused by name', async () => {
    const Bucket = await bucket();
    await expect(s3.putObject({ Bucket, Key: 'k', Body: '', StorageClass: 'GLACIER' })).rejects.toThrow('StorageClass GLACIER is not supported');
    await expect(s3.putObject({ Bucket, Key: 'k', Body: '', ServerSideEncryption: 'aws:kms' })).rejects.toThrow('ServerSideEncryption aws:kms');
    await expect(s3.putObject({ Bucket, Key: 'k', Body: '', ACL: 'public-read' })).rejects.toThrow(named('AccessControlListNotSupported'));
    await expect(s3.putObject({ Bucket, Key: 'k', Body: '', WebsiteRedirectLocation: '/x' })).rejects.toThrow('WebsiteRedirectLocation');
    await expect(s3.putBucketPolicy({ Bucket, Policy: '{}' })).rejects.toThrow(named('NotImplemented'));
    await expect(s3.putObject({ Bucket, Key: 'k'.repeat(1025), Body: '' })).rejects.toThrow(named('KeyTooLongError'));
    await s3.putObject({ Bucket, Key: 'k', Body: '', ACL: 'bucket-owner-full-control', ServerSideEncryption: 'AES256', StorageClass: 'STANDARD' });
  });
});
