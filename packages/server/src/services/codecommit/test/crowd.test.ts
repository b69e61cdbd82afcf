import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRepository } from '../store.ts';
import { gitClient } from './git-client.ts';
import { openHouse, place } from './house.ts';
import type { House } from './house.ts';

const CLIENTS = 16;
let house: House;
let home: string;
let clients: ReturnType<typeof gitClient>[];
let bare: string;

beforeEach(async () => {
  house = await openHouse();
  home = await mkdtemp(join(tmpdir(), 'slipway-crowd-'));
  await house.call('CreateRepository', { repositoryName: 'site' });
  await house.call('PutFile', { repositoryName: 'site', branchName: 'main', filePath: 'a', fileContent: Buffer.from('1') });
  bare = join(house.data, 'git', `${(await findRepository(house.db, place, 'site'))!.repository_id}.git`);
  clients = [];
  for (let index = 0; index < CLIENTS; index += 1) {
    const folder = await mkdtemp(join(home, 'work-'));
    const local = gitClient(folder, { HOME: home });
    expect(await local('clone', '-q', house.url('site'), '.')).toMatchObject({ code: 0 });
    await writeFile(join(folder, `file-${index}`), String(index));
    await local('add', '.');
    await local('commit', '-qm', `Commit ${index}`);
    clients.push(local);
  }
}, 60_000);
afterEach(async () => {
  await house.close();
  await rm(home, { recursive: true, force: true });
});

const commits = async (): Promise<string[]> => Promise.all(clients.map(async (local) => (await local('rev-parse', 'HEAD')).stdout.trim()));
const fsck = (): Promise<unknown> => promisify(execFile)('git', ['--git-dir', bare, 'fsck', '--strict', '--no-dangling']);
const movements = () => house.events.map(({ detail }) => `${String(detail['referenceName'])} ${String(detail['commitId'])}`);

describe('sixteen clients at once', () => {
  it('at one branch: one is accepted, the rest are told to fetch first; so it goes on, and what was accepted is there with one event each', async () => {
    const ids = await commits();
    const first = await Promise.all(clients.map((local) => local('push', 'origin', 'main')));
    const accepted = first.findIndex(({ code }) => code === 0);
    expect(first.filter(({ code }) => code === 0)).toHaveLength(1);
    for (const { code, stderr } of first) if (code !== 0) expect(stderr).toMatch(/fetch first|failed to update ref|cannot lock ref|rejected/);
    expect((await house.call('GetBranch', { repositoryName: 'site', branchName: 'main' })).branch?.commitId).toBe(ids[accepted]);

    const through = [accepted];
    for (let round = 0; round < 2; round += 1) {
      const next = await Promise.all(clients.map(async (local, index) => {
        if (through.includes(index)) return false;
        expect(await local('pull', '-q', '--rebase', 'origin', 'main')).toMatchObject({ code: 0 });
        return (await local('push', '-q', 'origin', 'HEAD:main')).code === 0;
      }));
      through.push(...[...clients.keys()].filter((index) => next[index]));
    }
    await expect.poll(() => house.events.length).toBe(through.length + 1);
    await house.jobs.idle();
    expect(new Set(movements()).size).toBe(through.length + 1);
    const { stdout } = await promisify(execFile)('git', ['--git-dir', bare, 'log', '--format=%s', 'main']);
    expect(stdout.trim().split('\n').filter((line) => line.startsWith('Commit ')).toSorted()).toEqual(through.map((index) => `Commit ${index}`).toSorted());
    await fsck();
  }, 120_000);

  it('at sixteen branches, while the API commits and the repository is packed: all get through, each with one event', async () => {
    const row = (await findRepository(house.db, place, 'site'))!;
    const ids = await commits();
    const packing = new AbortController();
    const pack = (async () => { for (let round = 0; round < 3; round += 1) await promisify(execFile)('git', ['--git-dir', bare, 'gc', '--quiet']); })();
    const tidy = house.git.repository(row.repository_id).tidy(packing.signal, { begin: async () => async () => undefined });
    const api = (async () => {
      let parentCommitId: string | undefined = (await house.call('GetBranch', { repositoryName: 'site', branchName: 'main' })).branch?.commitId;
      for (let index = 0; index < 10; index += 1) {
        parentCommitId = (await house.call('PutFile', { repositoryName: 'site', branchName: 'main', parentCommitId, filePath: `api-${index}`, fileContent: Buffer.from(String(index)) })).commitId;
      }
    })();
    const results = await Promise.all(clients.map((local, index) => local('push', 'origin', `HEAD:refs/heads/branch-${index}`)));
    for (const result of results) expect(result).toMatchObject({ code: 0 });
    await Promise.all([api, pack, tidy.catch(() => undefined)]);
    await expect.poll(() => house.events.length).toBe(1 + 10 + CLIENTS);
    await house.jobs.idle();
    expect(house.events).toHaveLength(1 + 10 + CLIENTS);
    expect(movements().filter((line) => line.startsWith('branch-')).toSorted()).toEqual(ids.map((id, index) => `branch-${index} ${id}`).toSorted());
    await fsck();
  }, 120_000);
});
