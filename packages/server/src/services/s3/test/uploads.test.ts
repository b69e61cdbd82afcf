import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { S3 } from '@aws-sdk/client-s3';
import { checksum } from '../../../kernel/checksums.ts';
import { startS3 } from './harness.ts';

const named = (name: string) => expect.objectContaining({ name });
const MIB = 1 << 20;
const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const sha = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

describe('S3 multipart uploads', () => {
  let server: Awaited<ReturnType<typeof startS3>>;
  let s3: S3;
  const Bucket = 'multipart';
  beforeAll(async () => {
    server = await startS3();
    s3 = server.client;
    await s3.createBucket({ Bucket });
  });
  afterAll(() => server.stop());

  const one = randomBytes(5 * MIB);
  const two = randomBytes(5 * MIB + 7);
  const three = randomBytes(1000);
  const whole = Buffer.concat([one, two, three]);

  it('parts become an object with a range over all of them and an ETag of ETags', async () => {
    const Key = 'large';
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, ContentType: 'x/y', Metadata: { a: 'b' }, Tagging: 'q=1', ChecksumAlgorithm: 'CRC64NVME' });
    await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 2, Body: three, ChecksumAlgorithm: 'CRC64NVME' });
    const Parts = [];
    for (const [index, Body] of [one, two, three].entries()) {
      const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm: 'CRC64NVME' });
      Parts.push({ PartNumber: index + 1, ETag });
    }
    await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 9, Body: 'left out', ChecksumAlgorithm: 'CRC64NVME' });
    await expect(s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 4, Body: 'x', ChecksumAlgorithm: 'SHA1' })).rejects.toThrow('Checksum Type mismatch');
    const listed = await s3.listParts({ Bucket, Key, UploadId, MaxParts: 2 });
    expect(listed).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2', ChecksumAlgorithm: 'CRC64NVME' });
    expect(listed.Parts?.map(({ Size }) => Size)).toEqual([one.length, two.length]);
    expect((await s3.listMultipartUploads({ Bucket })).Uploads).toMatchObject([{ Key, UploadId }]);

    const done = await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts }, MpuObjectSize: whole.length });
    const etag = createHash('md5').update(md5(one)).update(md5(two)).update(md5(three)).digest('hex');
    const crc = checksum('CRC64NVME');
    crc.update(whole);
    expect(done).toMatchObject({ ETag: `"${etag}-3"`, ChecksumType: 'FULL_OBJECT', ChecksumCRC64NVME: crc.digest().toString('base64') });
    expect(await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } })).toMatchObject({ ETag: done.ETag });

    const got = await s3.getObject({ Bucket, Key });
    expect(got).toMatchObject({ ContentType: 'x/y', Metadata: { a: 'b' }, TagCount: 1, ContentLength: whole.length });
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(whole)).toBe(true);
    const from = one.length - 10;
    const to = one.length + two.length + 10;
    const ranged = await s3.getObject({ Bucket, Key, Range: `bytes=${from}-${to}` });
    expect(Buffer.from(await ranged.Body!.transformToByteArray()).equals(whole.subarray(from, to + 1))).toBe(true);
    const second = await s3.getObject({ Bucket, Key, PartNumber: 2 });
    expect(second).toMatchObject({ PartsCount: 3, ContentRange: `bytes ${one.length}-${one.length + two.length - 1}/${whole.length}` });
    expect(Buffer.from(await second.Body!.transformToByteArray()).equals(two)).toBe(true);
    expect((await s3.getObjectAttributes({ Bucket, Key, ObjectAttributes: ['ObjectParts'] })).ObjectParts).toMatchObject({ TotalPartsCount: 3 });

    const copied = await s3.copyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` });
    expect(copied.CopyObjectResult?.ETag).toBe(`"${md5(whole).toString('hex')}"`);
  });

  it('a composite checksum is one of the parts\' checksums, which the request must name', async () => {
    const Key = 'composite';
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, ChecksumAlgorithm: 'SHA256' });
    const a = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: one, ChecksumAlgorithm: 'SHA256' });
    const b = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 2, Body: three, ChecksumAlgorithm: 'SHA256' });
    await expect(s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: a.ETag }] } })).rejects.toThrow('must include the checksum for each part');
    const Parts = [a, b].map(({ ETag, ChecksumSHA256 }, index) => ({ PartNumber: index + 1, ETag, ChecksumSHA256 }));
    const done = await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    expect(done.ChecksumSHA256).toBe(`${sha(Buffer.concat([sha(one), sha(three)])).toString('base64')}-2`);
    expect((await s3.headObject({ Bucket, Key, ChecksumMode: 'ENABLED' })).ChecksumType).toBe('COMPOSITE');
  });

  it('CompleteMultipartUpload: parts that are unknown, out of order or too small are refused and the upload stays', async () => {
    const Key = 'refused';
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
    const a = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: three });
    const b = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 2, Body: three });
    const complete = (...Parts: { PartNumber: number; ETag: string | undefined }[]) => s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    await expect(complete({ PartNumber: 1, ETag: a.ETag }, { PartNumber: 2, ETag: b.ETag })).rejects.toThrow(named('EntityTooSmall'));
    await expect(complete({ PartNumber: 2, ETag: b.ETag }, { PartNumber: 1, ETag: a.ETag })).rejects.toThrow(named('InvalidPartOrder'));
    await expect(complete({ PartNumber: 3, ETag: b.ETag })).rejects.toThrow(named('InvalidPart'));
    await expect(complete({ PartNumber: 1, ETag: '"0"' })).rejects.toThrow(named('InvalidPart'));
    await complete({ PartNumber: 1, ETag: a.ETag });
    await expect(s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'late' })).rejects.toThrow(named('NoSuchUpload'));
  });

  it('AbortMultipartUpload: nothing of it is left', async () => {
    const Key = 'aborted';
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
    await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' });
    await s3.abortMultipartUpload({ Bucket, Key, UploadId });
    await expect(s3.listParts({ Bucket, Key, UploadId })).rejects.toThrow(named('NoSuchUpload'));
    await expect(s3.headObject({ Bucket, Key })).rejects.toThrow();
  });

  it('UploadPartCopy: a range of another object becomes a part', async () => {
    await s3.putObject({ Bucket, Key: 'source', Body: whole });
    const Key = 'of-ranges';
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
    const Parts = [];
    for (const [index, range] of [`bytes=0-${6 * MIB}`, `bytes=${6 * MIB + 1}-${whole.length - 1}`].entries()) {
      const { CopyPartResult } = await s3.uploadPartCopy({ Bucket, Key, UploadId, PartNumber: index + 1, CopySource: `${Bucket}/source`, CopySourceRange: range });
      Parts.push({ PartNumber: index + 1, ETag: CopyPartResult?.ETag });
    }
    await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    const got = await (await s3.getObject({ Bucket, Key })).Body!.transformToByteArray();
    expect(Buffer.from(got).equals(whole)).toBe(true);
  });
});
