import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { openDatabase } from '../../kernel/database/index.ts';
import type { Database } from '../../kernel/database.ts';
import { kernelMigrations } from '../../kernel/migrations.ts';
import { createPaging } from '../../kernel/paging.ts';
import { createKeyedHash, createSeal } from '../../kernel/seal.ts';
import { createIam } from './index.ts';
import type { IamRoom } from './index.ts';

const account = '111122223333';
const customary = { account, accessKeyId: 'test', secretAccessKey: 'test' };
const own = { account, accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

describe('the customary root key', () => {
  let folder: string;
  let db: Database;
  let iam: IamRoom;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-iam-'));
    db = await openDatabase({ file: join(folder, 'slipway.db') });
    const master = Buffer.alloc(32, 1);
    iam = createIam({ db, clock: systemClock, seal: createSeal(master), hash: createKeyedHash(master), paging: createPaging(master) });
    await db.migrate([...kernelMigrations, ...iam.migrations]);
  });
  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is good for the starts that ask for it, and gone with the first that does not, which makes another', async () => {
    await iam.ensureRootKey(customary);
    expect(await iam.ensureRootKey(customary)).toBeUndefined();
    expect(await iam.accessKeys.find('test')).toMatchObject({ secretAccessKey: 'test', caller: { kind: 'root' } });
    const made = await iam.ensureRootKey({ account });
    expect(await iam.accessKeys.find('test')).toBeUndefined();
    expect(await iam.accessKeys.find(made!.accessKeyId)).toMatchObject({ caller: { kind: 'root' } });
  });

  it('is gone as well where another key is asked for that exists already, which stays', async () => {
    await iam.ensureRootKey(own);
    await iam.ensureRootKey(customary);
    await iam.ensureRootKey(own);
    expect(await iam.accessKeys.find('test')).toBeUndefined();
    expect(await iam.accessKeys.find(own.accessKeyId)).toMatchObject({ caller: { kind: 'root' } });
  });
});
