import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Jobs } from '../engine/jobs.ts';
import type { ChecksumAlgorithm } from '../kernel/checksums.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Database, Transaction } from '../kernel/database.ts';
import { digesting, type Digests } from './digesting.ts';
import { openBlobFiles, type ByteRange } from './files.ts';
import type { BlobTables } from './migrations.ts';
import { sweeper, type Graces } from './sweeper.ts';

export { BlobMismatch, BlobTooLarge, type Digests } from './digesting.ts';
export type { ByteRange } from './files.ts';
export { DamagedBlob } from './frames.ts';
export { blobMigrations } from './migrations.ts';

/**
 * Immutable bytes under random ids, sealed at rest.
 *
 * A blob's life: `write` puts its row (`pending`) and its file on the disk → the transaction that stores the reference
 * calls `claim` → the one that drops the reference calls `release` → the sweeper removes file and row after a grace, in
 * which readers that began earlier end in peace. What is never claimed goes the same way. A blob has one reference:
 * whoever wants the bytes twice writes them twice.
 */
export interface Blobs {
  /**
   * Stores a stream in constant memory. Rejects with the source's own error, `BlobMismatch` or `BlobTooLarge`;
   * nothing is left then.
   */
  write(source: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<WrittenBlob>;
  /** The bytes of `range` (both ends included), or all. Destroy the stream if it is not read to its end. */
  read(id: string, range?: ByteRange): Promise<Readable>;
  /** Part of the transaction that stores the references. Throws when a blob is not `pending`: swept, or claimed already. */
  claim(tx: Transaction, ids: readonly string[]): Promise<void>;
  /** Part of the transaction that drops the references. */
  release(tx: Transaction, ids: readonly string[]): Promise<void>;
  /** Removes a blob that was written and will not be claimed, without waiting for the sweeper. */
  discard(id: string): Promise<void>;
  /** Begins the sweeping; after the database is migrated. */
  start(): Promise<void>;
}

export interface WriteOptions {
  /** Digests to compute beside MD5. */
  readonly checksums?: readonly ChecksumAlgorithm[];
  readonly expected?: Digests;
  /** The announced size in bytes. */
  readonly size?: number;
  readonly maxBytes?: number;
}

export interface WrittenBlob {
  readonly id: string;
  /** Bytes as given, not as sealed. */
  readonly size: number;
  readonly md5: Buffer;
  readonly checksums: Digests;
}

export interface BlobsDeps {
  readonly db: Database;
  readonly jobs: Jobs;
  readonly clock: Clock;
  /** `DATA/blobs`; made when absent. */
  readonly directory: string;
  /** 32 bytes. */
  readonly masterKey: Buffer;
  readonly graces?: Partial<Graces>;
}

/** Statements with more parameters than this are cut in several. */
const IDS_PER_STATEMENT = 500;

/** Makes the folders; asks nothing of the database before `start` or a first `write`. */
export async function openBlobs(deps: BlobsDeps): Promise<Blobs> {
  const { db, clock } = deps;
  const files = await openBlobFiles(deps.directory, deps.masterKey);
  const sweep = sweeper({ ...deps, files });

  const forget = (id: string): Promise<unknown> =>
    db.transaction((tx) => tx.query.withTables<BlobTables>().deleteFrom('blobs').where('id', '=', id).where('state', '=', 'pending').execute());

  async function move(tx: Transaction, ids: readonly string[], from: 'pending' | 'held', to: 'held' | 'released'): Promise<void> {
    for (let at = 0; at < ids.length; at += IDS_PER_STATEMENT) {
      const some = ids.slice(at, at + IDS_PER_STATEMENT);
      const { numUpdatedRows } = await tx.query.withTables<BlobTables>().updateTable('blobs')
        .set({ state: to, changed: clock.now() }).where('id', 'in', some).where('state', '=', from).executeTakeFirstOrThrow();
      if (Number(numUpdatedRows) !== some.length) throw new Error(`of ${some.length} blobs only ${numUpdatedRows} were ${from}`);
    }
  }

  return {
    async write(source, options = {}) {
      const id = randomBytes(16).toString('hex');
      const { bytes, digests } = digesting(source, {
        algorithms: ['MD5', ...(options.checksums ?? [])],
        expected: options.expected ?? {},
        ...(options.size === undefined ? {} : { size: options.size }),
        ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
      });
      // The row is durable before the file is: a crash between the two leaves nothing that the sweeper does not know.
      await db.transaction((tx) => tx.query.withTables<BlobTables>().insertInto('blobs').values({ id, state: 'pending', changed: clock.now() }).execute());
      try {
        const size = await files.write(id, bytes);
        return { id, size, md5: digests.MD5!, checksums: digests };
      } catch (error) {
        await forget(id);
        throw error;
      }
    },

    read: (id, range) => files.read(id, range),

    claim: (tx, ids) => move(tx, ids, 'pending', 'held'),

    release: (tx, ids) => move(tx, ids, 'held', 'released'),

    async discard(id) {
      const doomed = await sweep.doomPending(id);
      if (doomed) await sweep.remove([id]);
    },

    start: () => sweep.start(),
  };
}
