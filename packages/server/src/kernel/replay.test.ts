import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { describeDatabases } from './database/suite.ts';
import type { Scratch } from './database/suite.ts';
import { kernelMigrations } from './migrations.ts';
import { pruneReplays, replay } from './replay.ts';
import type { ClientToken } from './replay.ts';
import type { Call } from './service.ts';

const caller = { account: '1', arn: 'arn:aws:iam::1:root', userId: '1', kind: 'root', principalArn: 'arn:aws:iam::1:root' } as const;
const call = (once?: string): Call => ({
  caller, account: '1', region: 'us-east-1', requestId: 'r', once, endpoint: '', secure: true, signal: new AbortController().signal, headers: {},
});
const token = (value: string | undefined): ClientToken => ({ value, lifetime: 1_000, mismatch: () => new Error('other input') });

describeDatabases('replay', (makeScratch) => {
  let scratch: Scratch;
  let db: Database;
  let worked: number;
  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate(kernelMigrations);
    worked = 0;
  });
  afterEach(() => scratch.remove());

  const start = (by: { once?: string; token?: string; input?: unknown; now?: number }, through = db) => through.transaction((tx) =>
    replay(tx, call(by.once), 'test:Start', by.input ?? {}, async () => ({ id: (worked += 1), nothing: undefined }), { now: by.now ?? 0, token: token(by.token) }));

  it('does the work each time when there is neither a token nor a key', async () => {
    expect([await start({}), await start({})]).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  it('answers a second call with the same key with the first answer, whatever its input and however late', async () => {
    expect([await start({ once: 'k' }), await start({ once: 'k', input: { a: 1 }, now: 1e12 }), await start({ once: 'l' })]).toMatchObject([{ id: 1 }, { id: 1 }, { id: 2 }]);
  });

  it('answers a second call with the same token and input with the first answer, members in any order', async () => {
    expect([await start({ token: 't', input: { a: 1, b: [2] } }), await start({ token: 't', input: { b: [2], c: undefined, a: 1 } })]).toMatchObject([{ id: 1 }, { id: 1 }]);
  });

  it('refuses a token that comes again with another input, with the error of the room', async () => {
    await start({ token: 't', input: { a: 1 } });
    await expect(start({ token: 't', input: { a: 2 } })).rejects.toThrow('other input');
  });

  it('forgets a token when its lifetime is over', async () => {
    expect([await start({ token: 't' }), await start({ token: 't', input: { a: 2 }, now: 1_000 })]).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  it('stores nothing of a call that failed', async () => {
    await db.transaction((tx) => replay(tx, call('k'), 'test:Start', {}, () => Promise.reject(new Error('refused')), { now: 0 })).catch(() => undefined);
    expect(await start({ once: 'k' })).toMatchObject({ id: 1 });
  });

  it('does the work once for calls that come at the same time, on two servers', async () => {
    const other = await scratch.open();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => start({ once: 'k' }, n % 2 === 0 ? db : other)));
    expect([worked, answers.map(({ id }) => id)]).toEqual([1, Array(8).fill(1)]);
  });

  it('prunes what is over, and keeps answers to rooms until the time that is given', async () => {
    await start({ once: 'old', token: 't', now: 0 });
    await start({ once: 'new', now: 5_000 });
    await db.transaction((tx) => pruneReplays(tx, { now: 6_000, onceBefore: 5_000 }));
    expect([await start({ once: 'new' }), await start({ once: 'old' })]).toMatchObject([{ id: 2 }, { id: 3 }]);
  });
});
