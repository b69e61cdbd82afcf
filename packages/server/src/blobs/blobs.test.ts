import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../testkit/src/clock.ts';
import { createJobs, engineMigrations, type Jobs } from '../engine/index.ts';
import type { Database } from '../kernel/database.ts';
import { describeDatabases, type Scratch } from '../kernel/database/suite.ts';
import { silent } from '../kernel/log.ts';
import { blobMigrations, BlobMismatch, BlobTooLarge, openBlobs, type Blobs } from './index.ts';

const HOUR = 3_600_000;
const source = (): Readable => Readable.from([Buffer.from('abc')]);

describeDatabases('blobs', (makeScratch) => {
  const masterKey = randomBytes(32);
  let scratch: Scratch;
  let db: Database;
  let clock: FakeClock;
  let jobs: Jobs;
  let blobs: Blobs;
  let directory: string;

  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate([...engineMigrations, ...blobMigrations]);
    clock = new FakeClock();
    directory = await mkdtemp(join(tmpdir(), 'slipway-blobs-'));
    jobs = createJobs({ db, clock, log: silent });
    blobs = await openBlobs({ db, jobs, clock, directory, masterKey });
    await blobs.start();
    await jobs.start();
  });
  afterEach(async () => {
    await jobs.stop();
    await scratch.remove();
    await rm(directory, { recursive: true });
  });

  const write = (text: string) => blobs.write(Readable.from([Buffer.from(text)]));
  const claim = (id: string) => db.transaction((tx) => blobs.claim(tx, [id]));
  const text = async (id: string): Promise<string> => (await buffer(await blobs.read(id))).toString();
  const fileCount = async (): Promise<number> => (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length;
  const rowCount = async (): Promise<number> => (await db.read.withTables<{ blobs: { id: string } }>().selectFrom('blobs').select('id').execute()).length;
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await jobs.idle();
  };

  it('a written blob has its size, MD5 and the checksums asked for', async () => {
    const blob = await blobs.write(Readable.from([Buffer.from('1234'), Buffer.from('56789')]), { checksums: ['CRC32', 'CRC64NVME'], size: 9 });
    expect(blob.size).toBe(9);
    expect(blob.md5.toString('hex')).toBe('25f9e794323b453885f5181f1b624d0b');
    expect(blob.checksums.CRC32?.toString('hex')).toBe('cbf43926');
    expect(blob.checksums.CRC64NVME?.toString('hex')).toBe('ae8b14860a799888');
    expect(await text(blob.id)).toBe('123456789');
  });

  it('bytes that are not as announced are not kept', async () => {
    await expect(blobs.write(source(), { expected: { MD5: Buffer.alloc(16) } })).rejects.toThrow(BlobMismatch);
    await expect(blobs.write(source(), { expected: { CRC32C: Buffer.alloc(4) } })).rejects.toMatchObject({ what: 'CRC32C' });
    await expect(blobs.write(source(), { size: 4 })).rejects.toMatchObject({ what: 'size' });
    await expect(blobs.write(source(), { maxBytes: 2 })).rejects.toThrow(BlobTooLarge);
    expect([await fileCount(), await rowCount()]).toEqual([0, 0]);
  });

  it('a blob that nobody claims goes after its grace; a claimed one stays', async () => {
    const [orphan, held] = [await write('orphan'), await write('held')];
    await claim(held.id);
    await pass(23 * HOUR);
    expect(await text(orphan.id)).toBe('orphan');
    await pass(2 * HOUR);
    await expect(blobs.read(orphan.id)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await text(held.id)).toBe('held');
    expect(await rowCount()).toBe(1);
    await expect(claim(orphan.id)).rejects.toThrow('pending');
  });

  it('a released blob can be read within its grace, and is gone then', async () => {
    const { id } = await write('old');
    await claim(id);
    await db.transaction((tx) => blobs.release(tx, [id]));
    expect(await text(id)).toBe('old');
    await pass(2 * HOUR);
    expect([await fileCount(), await rowCount()]).toEqual([0, 0]);
  });

  it('a claim in a transaction that is rolled back did not happen', async () => {
    const { id } = await write('x');
    await expect(db.transaction(async (tx) => {
      await blobs.claim(tx, [id]);
      throw new Error('no');
    })).rejects.toThrow('no');
    await claim(id);
    await expect(claim(id)).rejects.toThrow('pending');
  });

  it('a discarded blob goes at once, but not when it was claimed', async () => {
    const [unwanted, held] = [await write('unwanted'), await write('held')];
    await claim(held.id);
    await blobs.discard(unwanted.id);
    await blobs.discard(held.id);
    expect([await fileCount(), await rowCount()]).toEqual([1, 1]);
    expect(await text(held.id)).toBe('held');
  });

  it('what a crash left between row and file, or in the middle of a removal, is swept', async () => {
    const { id } = await write('half removed');
    await db.transaction((tx) => tx.query.withTables<{ blobs: { id: string; state: string } }>().updateTable('blobs').set({ state: 'doomed' }).where('id', '=', id).execute());
    const unwritten = randomBytes(16).toString('hex');
    await db.transaction((tx) => tx.query.withTables<{ blobs: { id: string; state: string; changed: number } }>().insertInto('blobs').values({ id: unwritten, state: 'pending', changed: clock.now() }).execute());
    await pass(25 * HOUR);
    expect([await fileCount(), await rowCount()]).toEqual([0, 0]);
  });

  it('hundreds of blobs are claimed, released and swept', async () => {
    const ids = (await Promise.all(Array.from({ length: 520 }, (_, n) => write(String(n))))).map(({ id }) => id);
    await db.transaction((tx) => blobs.claim(tx, ids));
    await db.transaction((tx) => blobs.release(tx, ids));
    await pass(2 * HOUR);
    expect(await fileCount()).toBe(0);
  });
});
