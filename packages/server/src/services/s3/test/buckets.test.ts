import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { S3 } from '@aws-sdk/client-s3';
import { startS3 } from './harness.ts';

const named = (name: string) => expect.objectContaining({ name });

describe('S3 buckets and listings', () => {
  let server: Awaited<ReturnType<typeof startS3>>;
  let s3: S3;
  beforeAll(async () => {
    server = await startS3();
    s3 = server.client;
  });
  afterAll(() => server.stop());

  it('CreateBucket: again by its owner is a success in us-east-1 and BucketAlreadyOwnedByYou elsewhere', async () => {
    await s3.createBucket({ Bucket: 'classic' });
    await s3.createBucket({ Bucket: 'classic' });
    const eu = server.as('AKIAOWNER', 'eu-west-1');
    const here = { Bucket: 'in-europe', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } } as const;
    await eu.createBucket(here);
    await expect(eu.createBucket(here)).rejects.toThrow(named('BucketAlreadyOwnedByYou'));
    await expect(server.as('AKIAOTHER').createBucket({ Bucket: 'classic' })).rejects.toThrow(named('BucketAlreadyExists'));
    expect((await s3.getBucketLocation({ Bucket: 'classic' })).LocationConstraint ?? '').toBe('');
    expect((await s3.getBucketLocation({ Bucket: 'in-europe' })).LocationConstraint).toBe('eu-west-1');
  });

  it('CreateBucket: bad names and constraints are refused', async () => {
    await expect(s3.createBucket({ Bucket: 'Not_A_Bucket' })).rejects.toThrow(named('InvalidBucketName'));
    await expect(s3.createBucket({ Bucket: 'x-y-z', CreateBucketConfiguration: { LocationConstraint: 'mars-1' as 'eu-west-1' } })).rejects.toThrow();
    const there = { Bucket: 'x-y-z', CreateBucketConfiguration: { LocationConstraint: 'us-west-2' } } as const;
    await expect(server.as('AKIAOWNER', 'eu-west-1').createBucket(there)).rejects.toThrow(named('IllegalLocationConstraintException'));
    await expect(s3.createBucket({ Bucket: 'x-y-z', ObjectLockEnabledForBucket: true })).rejects.toThrow('ObjectLockEnabledForBucket');
  });

  it('a bucket of another account is denied, of another region redirected', async () => {
    await s3.createBucket({ Bucket: 'mine-only' });
    await expect(server.as('AKIAOTHER').listObjectsV2({ Bucket: 'mine-only' })).rejects.toThrow(named('AccessDenied'));
    await expect(s3.listObjectsV2({ Bucket: 'mine-only', ExpectedBucketOwner: '222222222222' })).rejects.toThrow(named('AccessDenied'));
    await expect(server.as('AKIAOWNER', 'us-west-2').listObjectsV2({ Bucket: 'mine-only' })).rejects.toThrow(named('PermanentRedirect'));
    const head = await server.as('AKIAOWNER', 'us-west-2').headBucket({ Bucket: 'mine-only' }).catch((error: { $response?: { headers: Record<string, string> } }) => error.$response?.headers);
    expect(head).toMatchObject({ 'x-amz-bucket-region': 'us-east-1' });
    await expect(s3.listObjectsV2({ Bucket: 'nowhere-at-all' })).rejects.toThrow(named('NoSuchBucket'));
    expect((await s3.headBucket({ Bucket: 'mine-only' })).BucketRegion).toBe('us-east-1');
  });

  it('ListBuckets: pages by name', async () => {
    for (const n of [1, 2, 3]) await s3.createBucket({ Bucket: `paged-${n}` });
    const first = await s3.listBuckets({ Prefix: 'paged-', MaxBuckets: 2 });
    expect(first.Buckets?.map(({ Name }) => Name)).toEqual(['paged-1', 'paged-2']);
    const rest = await s3.listBuckets({ Prefix: 'paged-', MaxBuckets: 2, ContinuationToken: first.ContinuationToken });
    expect(rest.Buckets?.map(({ Name }) => Name)).toEqual(['paged-3']);
    expect(rest.ContinuationToken).toBeUndefined();
    await expect(s3.listBuckets({ Prefix: 'other', ContinuationToken: first.ContinuationToken })).rejects.toThrow(named('InvalidArgument'));
  });

  it('versioning, encryption and tags of a bucket are put and got', async () => {
    const Bucket = 'settings';
    await s3.createBucket({ Bucket });
    expect((await s3.getBucketVersioning({ Bucket })).Status).toBeUndefined();
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Suspended' } });
    expect((await s3.getBucketVersioning({ Bucket })).Status).toBe('Suspended');
    await expect(s3.getBucketTagging({ Bucket })).rejects.toThrow(named('NoSuchTagSet'));
    await s3.putBucketTagging({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'x' }] } });
    expect((await s3.getBucketTagging({ Bucket })).TagSet).toEqual([{ Key: 'team', Value: 'x' }]);
    await s3.deleteBucketTagging({ Bucket });
    const rule = (SSEAlgorithm: 'AES256' | 'aws:kms') => ({ Bucket, ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm } }] } });
    await s3.putBucketEncryption(rule('AES256'));
    await expect(s3.putBucketEncryption(rule('aws:kms'))).rejects.toThrow(named('NotImplemented'));
    expect((await s3.getBucketEncryption({ Bucket })).ServerSideEncryptionConfiguration?.Rules).toMatchObject([{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }]);
  });

  it('listings page by key with delimiters, start-after, markers and url encoding', async () => {
    const Bucket = 'listed';
    await s3.createBucket({ Bucket });
    const keys = ['a.txt', 'b/1', 'b/2', 'b/c/3', 'd e+ü', 'z/', 'z/1', '\u{1f600}'];
    for (const Key of keys) await s3.putObject({ Bucket, Key, Body: Key });
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.listObjectsV2({ Bucket, MaxKeys: 2, Delimiter: '/', ContinuationToken });
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key!), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(seen.toSorted()).toEqual(['a.txt', 'b/', 'd e+ü', 'z/', '\u{1f600}'].toSorted());
    expect((await s3.listObjectsV2({ Bucket, StartAfter: 'b/1', MaxKeys: 1 })).Contents?.[0]?.Key).toBe('b/2');
    expect((await s3.listObjectsV2({ Bucket, Prefix: 'b/', Delimiter: '/' })).CommonPrefixes).toEqual([{ Prefix: 'b/c/' }]);
    expect((await s3.listObjectsV2({ Bucket, EncodingType: 'url' })).Contents?.map(({ Key }) => decodeURIComponent(Key!))).toEqual(keys);
    await expect(s3.listObjectsV2({ Bucket, ContinuationToken: 'forged' })).rejects.toThrow(named('InvalidArgument'));
    const marked: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await s3.listObjects({ Bucket, MaxKeys: 1, Delimiter: '/', Marker });
      marked.push(...(page.Contents ?? []).map(({ Key }) => Key!), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!));
      Marker = page.NextMarker;
    } while (Marker);
    expect(marked).toEqual(['a.txt', 'b/', 'd e+ü', 'z/', '\u{1f600}']);
  });

  it('ListObjectVersions: pages go on when what they showed is deleted meanwhile', async () => {
    const Bucket = 'emptied';
    await s3.createBucket({ Bucket });
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    for (let n = 0; n < 7; n++) await s3.putObject({ Bucket, Key: n < 4 ? 'x' : 'y', Body: String(n) });
    await s3.deleteObject({ Bucket, Key: 'x' });
    let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
    let pages = 0;
    for (let more = true; more; pages++) {
      const page = await s3.listObjectVersions({ Bucket, MaxKeys: 3, ...markers });
      for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) await s3.deleteObject({ Bucket, Key, VersionId });
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      more = page.IsTruncated === true;
    }
    expect(pages).toBe(3);
    await s3.deleteBucket({ Bucket });
  });

  it('each operation asks for AWS\'s action on AWS\'s resource', async () => {
    const Bucket = 'asked-for';
    await s3.createBucket({ Bucket });
    server.asked.length = 0;
    await s3.putObject({ Bucket, Key: 'k', Body: '', Tagging: 'a=1' });
    await s3.listObjectsV2({ Bucket, Prefix: 'p/' });
    await s3.copyObject({ Bucket, Key: 'l', CopySource: `${Bucket}/k` });
    expect(server.asked.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      's3:PutObject arn:aws:s3:::asked-for/k', 's3:PutObjectTagging arn:aws:s3:::asked-for/k', 's3:ListBucket arn:aws:s3:::asked-for',
      's3:GetObject arn:aws:s3:::asked-for/k', 's3:PutObject arn:aws:s3:::asked-for/l',
    ]);
    expect(server.asked[2]?.context).toMatchObject({ 's3:prefix': 'p/' });
  });
});
