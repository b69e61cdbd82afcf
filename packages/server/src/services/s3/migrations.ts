import type { Migration } from '../../kernel/database.ts';

/**
 * Bucket names are one namespace for all accounts and regions, so tables are keyed by the bucket; its row names the owner.
 *
 * `s3_objects` has a row for every key that has a version, points at the current one and is what deciding transactions
 * lock. Versions of a key are numbered by `seq`, newest last. The bytes of a version, or of an upload under way, are its
 * parts in order under one `content` id: completing an upload hands the id over.
 */
export const migrations: readonly Migration[] = [
  {
    id: 's3-001-objects',
    sql: `
      create table s3_buckets (
        name text not null primary key, account text not null, region text not null, created bigint not null,
        versioning text not null, tags text
      );
      create index s3_buckets_by_account on s3_buckets (account, name);
      create table s3_objects (
        bucket text not null, key text not null, current bigint not null, next bigint not null, visible bigint not null,
        primary key (bucket, key)
      );
      create table s3_versions (
        bucket text not null, key text not null, seq bigint not null, version text not null, marker bigint not null,
        content text not null, etag text not null, size bigint not null, parts bigint not null, modified bigint not null,
        headers text not null, metadata text not null, tags text not null, checksum text,
        primary key (bucket, key, seq)
      );
      create unique index s3_versions_by_version on s3_versions (bucket, key, version);
      create table s3_uploads (
        bucket text not null, key text not null, id text not null, initiated bigint not null, initiator text not null,
        headers text not null, metadata text not null, tags text not null,
        algorithm text not null, checksum_type text not null, asked bigint not null,
        primary key (bucket, key, id)
      );
      create table s3_parts (
        content text not null, number bigint not null, blob text not null, size bigint not null, md5 text not null,
        checksums text not null, modified bigint not null,
        primary key (content, number)
      );
    `,
  },
];

/** Tables as types: `type`, because an interface has no index signature for `withTables`. */
export type S3Tables = {
  s3_buckets: BucketRow;
  s3_objects: ObjectRow;
  s3_versions: VersionRow;
  s3_uploads: UploadRow;
  s3_parts: PartRow;
};

export type BucketRow = {
  name: string;
  account: string;
  region: string;
  /** ms UTC, as all times here. */
  created: number;
  /** Empty until versioning is first put. */
  versioning: '' | 'Enabled' | 'Suspended';
  /** JSON of `Tags`. */
  tags: string | null;
};

export type ObjectRow = { bucket: string; key: string; current: number; next: number; visible: number };

export type VersionRow = {
  bucket: string;
  key: string;
  seq: number;
  /** AWS's version id; `null` is the null version. */
  version: string;
  /** 1 for a delete marker, which has no content. */
  marker: number;
  content: string;
  /** Without quotes. */
  etag: string;
  size: number;
  /** Number of parts of a multipart upload; 0 for an object put whole. */
  parts: number;
  modified: number;
  /** JSON of `StoredHeaders`. */
  headers: string;
  metadata: string;
  tags: string;
  /** JSON of `StoredChecksum`. */
  checksum: string | null;
};

export type UploadRow = {
  bucket: string;
  key: string;
  id: string;
  initiated: number;
  /** The caller's ARN. */
  initiator: string;
  headers: string;
  metadata: string;
  tags: string;
  algorithm: string;
  checksum_type: string;
  /** 1 when the client named an algorithm, 0 when S3's default is used. */
  asked: number;
};

export type PartRow = { content: string; number: number; blob: string; size: number; md5: string; checksums: string; modified: number };
