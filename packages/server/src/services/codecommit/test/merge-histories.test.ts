import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gitClient } from './git-client.ts';
import { openHouse } from './house.ts';
import type { House } from './house.ts';
import { histories } from './merge-histories.ts';

/** Beside plain `git merge` and `git diff` in a clone: trees, conflicts and differences of histories made up from a seed. */
const COUNT = 200;
const SEED = 4;

let house: House;
let folder: string;
let work: ReturnType<typeof gitClient>;

beforeAll(async () => {
  house = await openHouse();
  folder = await mkdtemp(join(tmpdir(), 'slipway-histories-'));
  await mkdir(join(folder, 'work'));
  work = gitClient(join(folder, 'work'), { GIT_CONFIG_COUNT: '3', GIT_CONFIG_KEY_0: 'core.fsync', GIT_CONFIG_VALUE_0: 'none', GIT_CONFIG_KEY_1: 'advice.detachedHead', GIT_CONFIG_VALUE_1: 'false', GIT_CONFIG_KEY_2: 'core.quotePath', GIT_CONFIG_VALUE_2: 'false' });
  await work('init', '--quiet');
  await new Promise<void>((resolve, reject) => {
    const child = spawn('git', ['fast-import', '--quiet'], { cwd: join(folder, 'work'), stdio: ['pipe', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`fast-import ended with ${code}`))));
    child.stdin.end(histories(SEED, COUNT));
  });
  await house.call('CreateRepository', { repositoryName: 'histories' });
  const pushed = await work('push', '--quiet', house.url('histories'), 'refs/heads/*:refs/heads/*');
  if (pushed.code !== 0) throw new Error(pushed.stderr);
}, 60_000);

afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

const repositoryName = 'histories';
const sides = (index: number) => ({ repositoryName, sourceCommitSpecifier: `h${index}/source`, destinationCommitSpecifier: `h${index}/destination` });
const lines = (text: string): string[] => text.split('\0').filter(Boolean);

/** What becomes a link or a submodule is a changed type to git. */
const kindOf = (mode: string): string => mode.slice(0, 3);

/** What plain git makes of it: the tree, or the paths in conflict. */
async function plainMerge(index: number, ...options: string[]): Promise<{ tree: string } | { conflicts: string[] }> {
  await work('reset', '--quiet', '--hard', `h${index}/destination`);
  await work('clean', '-ffdxq');
  const merge = await work('merge', '--quiet', '--no-ff', '--no-edit', ...options, `h${index}/source`);
  if (merge.code === 0) return { tree: (await work('rev-parse', 'HEAD^{tree}')).stdout.trim() };
  const unmerged = lines((await work('ls-files', '--unmerged', '-z')).stdout).map((line) => line.split('\t')[1]!.replace(new RegExp(`~(HEAD|h${index}_(source|destination))(_\\d+)?$`), ''));
  return { conflicts: [...new Set(unmerged)].toSorted() };
}

it(`merges, conflicts and differences of ${COUNT} histories are those of git`, async () => {
  await work('checkout', '--quiet', '--detach', 'h0/destination');
  const outcomes = { clean: 0, conflicts: 0, favoured: 0 };
  for (let index = 0; index < COUNT; index += 1) {
    const [plain, found, { differences = [] }] = await Promise.all([
      plainMerge(index),
      house.call('GetMergeConflicts', { ...sides(index), mergeOption: 'THREE_WAY_MERGE', conflictDetailLevel: 'LINE_LEVEL' }),
      house.call('GetDifferences', { repositoryName, beforeCommitSpecifier: `h${index}/destination`, afterCommitSpecifier: `h${index}/source` }),
    ]);
    if ('tree' in plain) {
      expect({ index, conflicts: found.conflictMetadataList }).toEqual({ index, conflicts: [] });
      const { treeId } = await house.call('CreateUnreferencedMergeCommit', { ...sides(index), mergeOption: 'THREE_WAY_MERGE', conflictDetailLevel: 'LINE_LEVEL' });
      expect({ index, treeId }).toEqual({ index, treeId: plain.tree });
      outcomes.clean += 1;
    } else {
      const paths = found.conflictMetadataList.map(({ filePath }) => filePath!);
      expect({ index, mergeable: found.mergeable, paths: paths.toSorted() }).toEqual({ index, mergeable: false, paths: plain.conflicts });
      for (const { numberOfConflicts } of found.conflictMetadataList) expect(numberOfConflicts).toBeGreaterThan(0);
      const [favoured, { treeId }] = await Promise.all([
        plainMerge(index, '-X', 'theirs'),
        house.call('CreateUnreferencedMergeCommit', { ...sides(index), mergeOption: 'SQUASH_MERGE', conflictDetailLevel: 'LINE_LEVEL', conflictResolutionStrategy: 'ACCEPT_SOURCE' }),
      ]);
      if ('tree' in favoured) {
        expect({ index, treeId }).toEqual({ index, treeId: favoured.tree });
        outcomes.favoured += 1;
      }
      outcomes.conflicts += 1;
    }
    const raw = lines((await work('diff', '--raw', '--no-renames', '--no-abbrev', '-z', `h${index}/destination`, `h${index}/source`)).stdout);
    const ours = differences.flatMap(({ beforeBlob, afterBlob }) => {
      const zero = '0'.repeat(40);
      const letter = !beforeBlob ? 'A' : !afterBlob ? 'D' : kindOf(beforeBlob.mode!) === kindOf(afterBlob.mode!) ? 'M' : 'T';
      return [`:${beforeBlob?.mode ?? '000000'} ${afterBlob?.mode ?? '000000'} ${beforeBlob?.blobId ?? zero} ${afterBlob?.blobId ?? zero} ${letter}`, (afterBlob ?? beforeBlob)!.path!];
    });
    expect({ index, ours }).toEqual({ index, ours: raw });
  }
  expect(outcomes.clean).toBeGreaterThan(40);
  expect(outcomes.conflicts).toBeGreaterThan(40);
  expect(outcomes.favoured).toBeGreaterThan(10);
}, 120_000);
