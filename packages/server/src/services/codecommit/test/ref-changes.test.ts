import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '@slipway/testkit';
import { NO_OBJECT } from '../../../git/index.ts';
import type { RefCommand, RefGuard } from '../../../git/index.ts';
import { processIdentity } from '../../../git/process.ts';
import { findRepository, insertRefChange, refChangesOf } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { ada, openHouse, place } from './house.ts';
import type { House } from './house.ts';

const unguarded: RefGuard = { begin: async () => async () => undefined };

describe('a server that ends between a change\'s intent and its settling', () => {
  let house: House;
  let clock: FakeClock;
  let row: RepositoryRow;
  let commit: string;
  beforeEach(async () => {
    clock = new FakeClock();
    house = await openHouse({ clock });
    await house.call('CreateRepository', { repositoryName: 'site' });
    const made = await house.call('PutFile', { repositoryName: 'site', branchName: 'main', filePath: 'a', fileContent: Buffer.from('1') });
    commit = made.commitId;
    row = (await findRepository(house.db, place, 'site'))!;
    await house.jobs.idle();
    await expect.poll(() => house.events.length).toBe(1);
  });
  afterEach(() => house.close());

  /** The row and the job of a change that another process began. */
  async function leave(commands: RefCommand[], process = '999999999:gone'): Promise<void> {
    await house.db.transaction(async (tx) => {
      await insertRefChange(tx, { ...place, change_id: 'left', repository_id: row.repository_id, commands, caller_arn: ada.arn, process, created_at: clock.now(), owner: 'gone', lease_until: 0 });
      await house.jobs.wake(tx, { kind: 'codecommit/ref-change', ...place, id: 'left' }, clock.now() + 5_000);
    });
  }
  const move = (...commands: RefCommand[]): Promise<void> => house.git.repository(row.repository_id).move(commands, unguarded);
  const eventsOf = (ref: string) => house.events.filter(({ detail }) => detail['referenceFullName'] === ref);
  const nothingLeft = () => expect.poll(() => refChangesOf(house.db, row)).toEqual([]);

  it('gives the event of what git had moved, once, and none of what it had not', async () => {
    const moved = { ref: 'refs/heads/moved', old: NO_OBJECT, new: commit };
    await leave([moved, { ref: 'refs/heads/unmoved', old: NO_OBJECT, new: commit }]);
    await move(moved);
    await clock.advance(6_000);
    await nothingLeft();
    await expect.poll(() => eventsOf('refs/heads/moved').length).toBe(1);
    await clock.advance(60_000);
    expect(eventsOf('refs/heads/moved')).toHaveLength(1);
    expect(eventsOf('refs/heads/unmoved')).toEqual([]);
  });

  it('settles it before the next change of the repository, without waiting for the job', async () => {
    const left = { ref: 'refs/heads/left', old: NO_OBJECT, new: commit };
    await leave([left]);
    await move(left);
    await house.call('CreateBranch', { repositoryName: 'site', branchName: 'next', commitId: commit });
    await expect.poll(() => house.events.slice(1).map(({ detail }) => detail['referenceName'])).toEqual(['left', 'next']);
    await nothingLeft();
  });

  it('ends a git process that has outlived it, which could still move references', async () => {
    const orphan = spawn('sleep', ['600']);
    const ended = once(orphan, 'exit');
    await leave([{ ref: 'refs/heads/x', old: NO_OBJECT, new: commit }], processIdentity(orphan.pid!));
    await clock.advance(6_000);
    expect((await ended)[1]).toBe('SIGKILL');
    await nothingLeft();
  });

  it('frees what its git had locked when it was killed, for the next change and for packing', async () => {
    const bare = join(house.data, 'git', `${row.repository_id}.git`);
    await leave([{ ref: 'refs/heads/main', old: commit, new: commit }]);
    for (const name of ['refs/heads/main', 'HEAD', 'packed-refs']) await writeFile(join(bare, `${name}.lock`), '');
    await house.call('PutFile', { repositoryName: 'site', branchName: 'main', filePath: 'b', fileContent: Buffer.from('2'), parentCommitId: commit });
    await house.git.repository(row.repository_id).tidy(new AbortController().signal, unguarded);
    expect((await readdir(bare, { recursive: true })).filter((name) => name.endsWith('.lock'))).toEqual([]);
    await nothingLeft();
  });

  it('forgets it with the repository', async () => {
    await leave([{ ref: 'refs/heads/x', old: NO_OBJECT, new: commit }]);
    await house.call('DeleteRepository', { repositoryName: 'site' });
    await clock.advance(6_000);
    await nothingLeft();
    expect(house.events).toHaveLength(1);
  });
});

describe('two servers on one store', () => {
  let one: House;
  let other: House;
  beforeEach(async () => {
    one = await openHouse();
    other = await openHouse({ data: one.data });
  });
  afterEach(async () => {
    await other.close({ keep: true });
    await one.close();
  });

  it('give each accepted change of one branch one event, whoever makes it', async () => {
    await one.call('CreateRepository', { repositoryName: 'site' });
    const first = await one.call('PutFile', { repositoryName: 'site', branchName: 'main', filePath: 'a', fileContent: Buffer.from('1') });
    const results = await Promise.allSettled(Array.from({ length: 16 }, (_, index) =>
      [one, other][index % 2]!.call('CreateBranch', { repositoryName: 'site', branchName: `b${Math.floor(index / 4)}`, commitId: first.commitId })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    await expect.poll(() => [...one.events, ...other.events].length).toBe(5);
    await Promise.all([one.jobs.idle(), other.jobs.idle()]);
    expect([...one.events, ...other.events].map(({ detail }) => detail['referenceName']).toSorted()).toEqual(['b0', 'b1', 'b2', 'b3', 'main']);
    expect(await refChangesOf(one.db, (await findRepository(one.db, place, 'site'))!)).toEqual([]);
  });

  it('wait for each other at one reference, and not for one that is dead', async () => {
    await one.call('CreateRepository', { repositoryName: 'site' });
    const first = await one.call('PutFile', { repositoryName: 'site', branchName: 'main', filePath: 'a', fileContent: Buffer.from('1') });
    const row = (await findRepository(one.db, place, 'site'))!;
    const claim = { ...place, change_id: 'theirs', repository_id: row.repository_id, commands: [{ ref: 'refs/heads/x', old: NO_OBJECT, new: first.commitId }], caller_arn: ada.arn, process: '', created_at: 0 };
    await one.db.transaction((tx) => insertRefChange(tx, { ...claim, owner: 'another machine', lease_until: Date.now() + 300 }));
    const started = Date.now();
    await other.call('CreateBranch', { repositoryName: 'site', branchName: 'y', commitId: first.commitId });
    expect((await refChangesOf(one.db, row)).map(({ change_id: id }) => id)).toEqual(['theirs']);
    await other.call('CreateBranch', { repositoryName: 'site', branchName: 'x', commitId: first.commitId });
    expect(Date.now() - started).toBeGreaterThan(250);
    expect(await refChangesOf(one.db, row)).toEqual([]);
  });
});
