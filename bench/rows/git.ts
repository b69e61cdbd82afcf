import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitPassword } from '@slipway/sigv4';
import type { Group } from '../group.ts';
import { median, notMeasured, row, timed, type Row, type RowTerms } from '../measure.ts';
import { clients, region, rootKey, startSlipway, type Target } from '../server.ts';

const exec = promisify(execFile);

const MEGABYTES = 50;
const LARGE_MEGABYTES = 1_000;
const SMALL_CLONES = 64;
const AT_ONCE = 16;
const FILES = 50;
const ROUNDS = 7;

const terms = (id: string): RowTerms => ({ id, unit: 'MB/s', better: 'higher', aim: 0.9, aimOf: 'ratio' });

/** (e) Clone and push of repositories that do not compress, beside the same over `file://`, taking turns. */
export const git: Group = {
  letter: 'e',
  title: 'clone and push of 50 MB and of 1 GB beside file://, small clones at once',
  async run(bench) {
    const folder = join(bench.scratch, 'git');
    const work = join(folder, 'work');
    await createRepository(work, MEGABYTES);
    const target = await startSlipway(bench);
    const { codecommit } = clients(target);
    const times = { push: { http: [] as number[], file: [] as number[] }, clone: { http: [] as number[], file: [] as number[] } };
    for (let round = 0; round < ROUNDS; round++) {
      bench.say(`round ${round + 1} of ${ROUNDS}`);
      const bare = join(folder, `bare-${round}.git`);
      await createBare(bare);
      await codecommit.createRepository({ repositoryName: `bench-${round}` });
      const urls = { http: () => signedUrl(target, `bench-${round}`), file: () => `file://${bare}` };
      for (const way of inTurn(round)) {
        times.push[way].push(await timed(() => exec('git', ['-C', work, 'push', '--quiet', urls[way](), 'HEAD:refs/heads/main'])));
      }
      for (const way of inTurn(round)) {
        const copy = join(folder, `copy-${way}`);
        times.clone[way].push(await timed(() => exec('git', ['clone', '--quiet', '--branch', 'main', urls[way](), copy])));
        await rm(copy, { recursive: true });
      }
      await rm(bare, { recursive: true });
    }
    const rows = (['clone', 'push'] as const).map((verb) =>
      row(terms(`git.${verb}`), { value: MEGABYTES / median(times[verb].http), baseline: MEGABYTES / median(times[verb].file), n: ROUNDS, note: `medians; baseline: ${BASELINE}` }),
    );
    bench.say(`${SMALL_CLONES} small clones, ${AT_ONCE} at once`);
    rows.push(await smallClones(target, folder));
    bench.say(`push of ${LARGE_MEGABYTES} MB`);
    rows.push(...await largePush(target, folder));
    await target.stop();
    return rows;
  },
};

/** Clones of a repository of one file, as many at once as a busy CI makes. */
async function smallClones(target: Target, folder: string): Promise<Row> {
  const { codecommit } = clients(target);
  await codecommit.createRepository({ repositoryName: 'small' });
  await codecommit.putFile({ repositoryName: 'small', branchName: 'main', filePath: 'README.md', fileContent: Buffer.from('small'), commitMessage: 'Small' });
  const url = signedUrl(target, 'small');
  let next = 0;
  const cloneAll = async (): Promise<void> => {
    for (let mine = next++; mine < SMALL_CLONES; mine = next++) await exec('git', ['clone', '--quiet', url, join(folder, `small-${mine}`)]);
  };
  const seconds = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, cloneAll)));
  return row({ id: 'git.small-clones', unit: 'clones/s', better: 'higher', aim: 20, aimOf: 'value' }, { value: SMALL_CLONES / seconds, n: SMALL_CLONES, note: `${AT_ONCE} at once, clients on the same machine` });
}

/** One push of a gigabyte: how fast, and what the server itself takes for it. */
async function largePush(target: Target, folder: string): Promise<Row[]> {
  const work = join(folder, 'large');
  const bare = join(folder, 'large.git');
  await createRepository(work, LARGE_MEGABYTES);
  await createBare(bare);
  await clients(target).codecommit.createRepository({ repositoryName: 'large' });
  const push = (url: string) => timed(() => exec('git', ['-C', work, 'push', '--quiet', url, 'HEAD:refs/heads/main']));
  const http = await push(signedUrl(target, 'large'));
  const peak = await peakMemory(target.pid);
  const file = await push(`file://${bare}`);
  return [
    row(terms('git.push-1gb'), { value: LARGE_MEGABYTES / http, baseline: LARGE_MEGABYTES / file, n: 1, note: `baseline: ${BASELINE}` }),
    peak === undefined
      ? notMeasured(memory, 'there is no /proc')
      : row(memory, { value: peak, n: 1, note: "the server's process, highest since its start; git's own processes come on top" }),
  ];
}

const memory: RowTerms = { id: 'git.push-1gb-rss', unit: 'MB', better: 'lower', aim: 200, aimOf: 'value' };

async function peakMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}

/** The first way of a round has the colder caches, so they swap. */
const inTurn = (round: number): ('http' | 'file')[] => (round % 2 === 0 ? ['http', 'file'] : ['file', 'http']);

/**
 * What a server that takes pushes from strangers cannot do without is asked of the baseline too: every object is checked
 * and synced to disk. A pack stays a pack: from loose objects the clone would have to make one first.
 */
const BASELINE = 'file:// with the same checks and syncs; HTTP is ours alone';
const SETTINGS = { 'receive.unpackLimit': '1', 'receive.fsckObjects': 'true', 'core.fsync': 'all', 'core.fsyncMethod': 'batch', 'core.bigFileThreshold': '64m' };

async function createBare(folder: string): Promise<void> {
  await exec('git', ['init', '--quiet', '--bare', folder]);
  for (const [key, value] of Object.entries(SETTINGS)) await exec('git', ['-C', folder, 'config', key, value]);
}

async function createRepository(folder: string, megabytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < FILES; i++) await writeFile(join(folder, `file-${i}`), randomBytes((megabytes / FILES) * 1_000_000));
  const inside = (...args: string[]) => exec('git', ['-C', folder, '-c', 'user.name=Bench', '-c', 'user.email=bench@localhost', ...args]);
  await inside('init', '--quiet', '--initial-branch', 'main');
  await inside('add', '--all');
  await inside('commit', '--quiet', '--message', `${megabytes} megabytes`);
  await inside('repack', '--quiet', '-a', '-d');
}

/** With the credentials inside, so that no helper's start is measured. */
export function signedUrl(target: Target, repository: string): string {
  const url = new URL(`${target.endpoint}/v1/repos/${repository}`);
  url.username = rootKey.accessKeyId;
  url.password = gitPassword({ host: url.host, path: url.pathname, region, secretAccessKey: rootKey.secretAccessKey, now: Date.now() });
  return url.href;
}
