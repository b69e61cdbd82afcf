import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { signRequest } from '@slipway/sigv4';
import type { Bench, Group } from '../group.ts';
import type { LoadOrder } from '../load-contract.ts';
import { median, row, timed, type RowTerms } from '../measure.ts';
import { clients, region, rootKey, startSlipway, type Clients, type Target } from '../server.ts';
import { signedUrl } from './git.ts';
import { generate } from './requests.ts';

const exec = promisify(execFile);

const COMMITS = 10;
const FILES_PER_COMMIT = 1_000;
const FOLDERS = 25;
const CONNECTIONS = 16;
const SECONDS = 2;
const ROUNDS = 3;
const DIFFERENCES_PER_PAGE = 1_000;

const files: RowTerms = { id: 'code.GetFile', unit: 'requests/s', better: 'higher', aim: 3_000, aimOf: 'value' };
const differences: RowTerms = { id: 'code.GetDifferences', unit: 's for 10,000 files', better: 'lower', aim: 1, aimOf: 'value' };

/** (i) Reading a repository of 10,000 files by the API, beside a git process per question. */
export const code: Group = {
  letter: 'i',
  title: 'files and differences of a repository of 10,000 files',
  async run(bench) {
    const target = await startSlipway(bench);
    const aws = clients(target);
    const { first, last } = await fill(aws);
    const copy = join(bench.scratch, 'code.git');
    await exec('git', ['clone', '--quiet', '--bare', signedUrl(target, 'code'), copy]);

    const rates = { ours: [] as number[], spawned: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      bench.say(`GetFile, round ${round + 1} of ${ROUNDS}`);
      rates.ours.push(await getFiles(bench, target));
      rates.spawned.push(await spawnedReads(copy));
    }
    const times = { ours: [] as number[], git: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      bench.say(`GetDifferences, round ${round + 1} of ${ROUNDS}`);
      times.ours.push(await timed(() => allDifferences(aws, first, last)));
      times.git.push(await timed(() => exec('git', ['--git-dir', copy, 'diff', '--raw', '--no-renames', first, last], { maxBuffer: 1 << 26 })));
    }
    await target.stop();
    return [
      row(files, { value: median(rates.ours), baseline: median(rates.spawned), n: ROUNDS, note: 'medians; baseline: git cat-file, a process per file' }),
      row(differences, { value: median(times.ours), baseline: median(times.git), n: ROUNDS, note: 'medians, in pages of 1,000; baseline: git diff --raw, once' }),
    ];
  },
};

const pathOf = (commit: number, file: number): string => `part-${commit}/folder-${file % FOLDERS}/file-${file}.txt`;

async function fill({ codecommit }: Clients): Promise<{ first: string; last: string }> {
  await codecommit.createRepository({ repositoryName: 'code' });
  const { commitId: first } = await codecommit.putFile({ repositoryName: 'code', branchName: 'main', filePath: 'readme.md', fileContent: Buffer.from('A repository.\n') });
  let last = first!;
  for (let commit = 0; commit < COMMITS; commit++) {
    const putFiles = Array.from({ length: FILES_PER_COMMIT }, (_, file) => ({ filePath: pathOf(commit, file), fileContent: Buffer.from(`line ${commit} ${file}\n`.repeat(100)) }));
    last = (await codecommit.createCommit({ repositoryName: 'code', branchName: 'main', parentCommitId: last, putFiles })).commitId!;
  }
  return { first: first!, last };
}

async function getFiles(bench: Bench, target: Target): Promise<number> {
  const requests = Array.from({ length: 2_000 }, (_, number) => {
    const body = JSON.stringify({ repositoryName: 'code', commitSpecifier: 'main', filePath: pathOf(number % COMMITS, (number * 7) % FILES_PER_COMMIT) });
    const headers = signRequest({
      method: 'POST', url: `${target.endpoint}/`, headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'CodeCommit_20150413.GetFile' },
      body, service: 'codecommit', region, credentials: rootKey, now: Date.now(),
    });
    return { headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, body };
  });
  const order: LoadOrder = { endpoint: target.endpoint, requests, connections: CONNECTIONS, cycle: true, warmUp: 200, seconds: SECONDS };
  const { done, seconds, failures, firstFailure } = await generate(bench, order);
  if (failures > 0) throw new Error(`${failures} of ${done} GetFile requests failed: ${firstFailure}`);
  return done / seconds;
}

/** What a server would do that asks git anew for each file. */
async function spawnedReads(repository: string): Promise<number> {
  const started = performance.now();
  let done = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (performance.now() - started < SECONDS * 1_000) {
      const number = done++;
      await exec('git', ['--git-dir', repository, 'cat-file', 'blob', `main:${pathOf(number % COMMITS, (number * 7) % FILES_PER_COMMIT)}`]);
    }
  }));
  return done / ((performance.now() - started) / 1_000);
}

async function allDifferences({ codecommit }: Clients, first: string, last: string): Promise<void> {
  let found = 0;
  let token: string | undefined;
  do {
    const page = await codecommit.getDifferences({ repositoryName: 'code', beforeCommitSpecifier: first, afterCommitSpecifier: last, MaxResults: DIFFERENCES_PER_PAGE, ...token === undefined ? {} : { NextToken: token } });
    found += page.differences!.length;
    token = page.NextToken;
  } while (token !== undefined);
  if (found !== COMMITS * FILES_PER_COMMIT) throw new Error(`GetDifferences found ${found} files`);
}
