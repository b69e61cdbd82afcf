import type { Database, Transaction } from '../../kernel/database.ts';
import { lockRow } from '../../kernel/database/index.ts';
import type { BucketRow, ObjectRow, PartRow, S3Tables, UploadRow, VersionRow } from './migrations.ts';
import type { From } from './scan.ts';

/** Either committed rows or a transaction's. */
type Source = Database | Transaction;
const q = (source: Source) => ('read' in source ? source.read : source.query).withTables<S3Tables>();

export const buckets = {
  find: (source: Source, name: string): Promise<BucketRow | undefined> => q(source).selectFrom('s3_buckets').selectAll().where('name', '=', name).executeTakeFirst(),

  /** For deciding about the bucket itself. */
  lock: (tx: Transaction, name: string): Promise<BucketRow | undefined> =>
    q(tx).selectFrom('s3_buckets').selectAll().where('name', '=', name).$call(lockRow(tx)).executeTakeFirst(),

  /** Keeps the bucket from going or changing its versioning while something is put into it; many may hold this at once. */
  hold: (tx: Transaction, name: string): Promise<BucketRow | undefined> =>
    q(tx).selectFrom('s3_buckets').selectAll().where('name', '=', name).$if(tx.kind === 'postgres', (query) => query.forShare()).executeTakeFirst(),

  insert: (tx: Transaction, row: BucketRow) => q(tx).insertInto('s3_buckets').values(row).onConflict((conflict) => conflict.column('name').doNothing()).executeTakeFirstOrThrow(),

  update: (tx: Transaction, name: string, set: Partial<Pick<BucketRow, 'versioning' | 'tags'>>) =>
    q(tx).updateTable('s3_buckets').set(set).where('name', '=', name).execute(),

  remove: (tx: Transaction, name: string) => q(tx).deleteFrom('s3_buckets').where('name', '=', name).execute(),

  page(db: Database, account: string, { prefix, end, after, region, limit }: { prefix: string; end?: string; after?: string; region?: string; limit: number }): Promise<BucketRow[]> {
    let query = q(db).selectFrom('s3_buckets').selectAll().where('account', '=', account).where('name', '>=', prefix).orderBy('name').limit(limit);
    if (end !== undefined) query = query.where('name', '<', end);
    if (after !== undefined) query = query.where('name', '>', after);
    if (region !== undefined) query = query.where('region', '=', region);
    return query.execute();
  },

  isEmpty: async (tx: Transaction, name: string): Promise<boolean> =>
    (await q(tx).selectFrom('s3_objects').select('key').where('bucket', '=', name).limit(1).executeTakeFirst()) === undefined,
};

/** A version as listings show it. */
export type ListedVersion = Pick<VersionRow, 'key' | 'seq' | 'version' | 'marker' | 'etag' | 'size' | 'modified' | 'checksum'> & { current: number };

export const objects = {
  /** The key's row, locked; made when there is none. `next` is a fresh `seq`. */
  lockOrMake: (tx: Transaction, bucket: string, key: string): Promise<ObjectRow> =>
    q(tx).insertInto('s3_objects').values({ bucket, key, current: 0, next: 1, visible: 0 })
      .onConflict((conflict) => conflict.columns(['bucket', 'key']).doUpdateSet((eb) => ({ next: eb('s3_objects.next', '+', 1) })))
      .returningAll().executeTakeFirstOrThrow(),

  lock: (tx: Transaction, bucket: string, key: string): Promise<ObjectRow | undefined> =>
    q(tx).selectFrom('s3_objects').selectAll().where('bucket', '=', bucket).where('key', '=', key).$call(lockRow(tx)).executeTakeFirst(),

  point: (tx: Transaction, version: Pick<VersionRow, 'bucket' | 'key' | 'seq' | 'marker'>) =>
    q(tx).updateTable('s3_objects').set({ current: version.seq, visible: version.marker === 1 ? 0 : 1 })
      .where('bucket', '=', version.bucket).where('key', '=', version.key).execute(),

  remove: (tx: Transaction, bucket: string, key: string) => q(tx).deleteFrom('s3_objects').where('bucket', '=', bucket).where('key', '=', key).execute(),

  /** Current versions that are no delete markers, by key. */
  page(db: Database, bucket: string, from: From<ListedVersion>, end: string | undefined, limit: number): Promise<ListedVersion[]> {
    let query = q(db).selectFrom('s3_objects as o')
      .innerJoin('s3_versions as v', (join) => join.onRef('v.bucket', '=', 'o.bucket').onRef('v.key', '=', 'o.key').onRef('v.seq', '=', 'o.current'))
      .select(['o.key', 'o.current', 'v.seq', 'v.version', 'v.marker', 'v.etag', 'v.size', 'v.modified', 'v.checksum'])
      .where('o.bucket', '=', bucket).where('o.visible', '=', 1).orderBy('o.key').limit(limit);
    if (from !== undefined) query = 'key' in from ? query.where('o.key', '>=', from.key) : query.where('o.key', '>', from.after.key);
    if (end !== undefined) query = query.where('o.key', '<', end);
    return query.execute();
  },
};

export const versions = {
  current: (source: Source, bucket: string, key: string): Promise<VersionRow | undefined> =>
    q(source).selectFrom('s3_versions as v')
      .innerJoin('s3_objects as o', (join) => join.onRef('v.bucket', '=', 'o.bucket').onRef('v.key', '=', 'o.key').onRef('v.seq', '=', 'o.current'))
      .selectAll('v').where('o.bucket', '=', bucket).where('o.key', '=', key).executeTakeFirst(),

  find: (source: Source, bucket: string, key: string, version: string): Promise<VersionRow | undefined> =>
    q(source).selectFrom('s3_versions').selectAll().where('bucket', '=', bucket).where('key', '=', key).where('version', '=', version).executeTakeFirst(),

  /** The version that an upload became. */
  withContent: (tx: Transaction, bucket: string, key: string, content: string): Promise<VersionRow | undefined> =>
    q(tx).selectFrom('s3_versions').selectAll().where('bucket', '=', bucket).where('key', '=', key).where('content', '=', content).executeTakeFirst(),

  newest: (tx: Transaction, bucket: string, key: string): Promise<VersionRow | undefined> =>
    q(tx).selectFrom('s3_versions').selectAll().where('bucket', '=', bucket).where('key', '=', key).orderBy('seq', 'desc').limit(1).executeTakeFirst(),

  insert: (tx: Transaction, row: VersionRow) => q(tx).insertInto('s3_versions').values(row).execute(),

  remove: (tx: Transaction, row: Pick<VersionRow, 'bucket' | 'key' | 'seq'>) =>
    q(tx).deleteFrom('s3_versions').where('bucket', '=', row.bucket).where('key', '=', row.key).where('seq', '=', row.seq).execute(),

  setTags: (tx: Transaction, row: Pick<VersionRow, 'bucket' | 'key' | 'seq'>, tags: string) =>
    q(tx).updateTable('s3_versions').set({ tags }).where('bucket', '=', row.bucket).where('key', '=', row.key).where('seq', '=', row.seq).execute(),

  /** By key, newest version first. */
  page(db: Database, bucket: string, from: From<Pick<ListedVersion, 'key' | 'seq'>>, end: string | undefined, limit: number): Promise<ListedVersion[]> {
    let query = q(db).selectFrom('s3_versions as v')
      .innerJoin('s3_objects as o', (join) => join.onRef('v.bucket', '=', 'o.bucket').onRef('v.key', '=', 'o.key'))
      .select(['v.key', 'o.current', 'v.seq', 'v.version', 'v.marker', 'v.etag', 'v.size', 'v.modified', 'v.checksum'])
      .where('v.bucket', '=', bucket).orderBy('v.key').orderBy('v.seq', 'desc').limit(limit);
    if (from !== undefined) {
      query = 'key' in from
        ? query.where('v.key', '>=', from.key)
        : query.where((is) => is.or([is('v.key', '>', from.after.key), is.and([is('v.key', '=', from.after.key), is('v.seq', '<', from.after.seq)])]));
    }
    if (end !== undefined) query = query.where('v.key', '<', end);
    return query.execute();
  },
};

export const uploads = {
  find: (source: Source, bucket: string, key: string, id: string): Promise<UploadRow | undefined> =>
    q(source).selectFrom('s3_uploads').selectAll().where('bucket', '=', bucket).where('key', '=', key).where('id', '=', id).executeTakeFirst(),

  lock: (tx: Transaction, bucket: string, key: string, id: string): Promise<UploadRow | undefined> =>
    q(tx).selectFrom('s3_uploads').selectAll().where('bucket', '=', bucket).where('key', '=', key).where('id', '=', id).$call(lockRow(tx)).executeTakeFirst(),

  insert: (tx: Transaction, row: UploadRow) => q(tx).insertInto('s3_uploads').values(row).execute(),

  remove: (tx: Transaction, row: Pick<UploadRow, 'bucket' | 'key' | 'id'>) =>
    q(tx).deleteFrom('s3_uploads').where('bucket', '=', row.bucket).where('key', '=', row.key).where('id', '=', row.id).execute(),

  ofBucket: (tx: Transaction, bucket: string): Promise<UploadRow[]> => q(tx).selectFrom('s3_uploads').selectAll().where('bucket', '=', bucket).execute(),

  /** By key, oldest first. */
  page(db: Database, bucket: string, from: From<Pick<UploadRow, 'key' | 'id'>>, end: string | undefined, limit: number): Promise<UploadRow[]> {
    let query = q(db).selectFrom('s3_uploads').selectAll().where('bucket', '=', bucket).orderBy('key').orderBy('id').limit(limit);
    if (from !== undefined) {
      query = 'key' in from
        ? query.where('key', '>=', from.key)
        : query.where((is) => is.or([is('key', '>', from.after.key), is.and([is('key', '=', from.after.key), is('id', '>', from.after.id)])]));
    }
    if (end !== undefined) query = query.where('key', '<', end);
    return query.execute();
  },
};

export const parts = {
  all: (source: Source, content: string): Promise<PartRow[]> => q(source).selectFrom('s3_parts').selectAll().where('content', '=', content).orderBy('number').execute(),

  page: (source: Source, content: string, after: number, limit: number): Promise<PartRow[]> =>
    q(source).selectFrom('s3_parts').selectAll().where('content', '=', content).where('number', '>', after).orderBy('number').limit(limit).execute(),

  find: (source: Source, content: string, number: number): Promise<PartRow | undefined> =>
    q(source).selectFrom('s3_parts').selectAll().where('content', '=', content).where('number', '=', number).executeTakeFirst(),

  insert: (tx: Transaction, row: PartRow) => q(tx).insertInto('s3_parts').values(row).execute(),

  /** All parts of a content, or one; answers the blobs that they referred to. */
  async remove(tx: Transaction, content: string, number?: number): Promise<string[]> {
    let query = q(tx).deleteFrom('s3_parts').where('content', '=', content);
    if (number !== undefined) query = query.where('number', '=', number);
    return (await query.returning('blob').execute()).map((row) => row.blob);
  },
};
