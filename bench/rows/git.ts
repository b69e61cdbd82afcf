import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitPassword } from '@slipway/sigv4';
import type { Group } from '../group.ts';
import { median, row, timed, type RowTerms } from '../measure.ts';
import { clients, region, rootKey, startSlipway, type Target } from '../server.ts';

const exec = promisify(execFile);

const MEGABYTES = 50;
const FILES = 50;
const ROUNDS = 7;

const terms = (id: string): RowTerms => ({ id, unit: 'MB/s', better: 'higher', aim: 0.9, aimOf: 'ratio' });

/** (e) Clone and push of a repository that does not compress, beside the same over `file://`, taking turns. */
export const git: Group = {
  letter: 'e',
  title: 'clone and push of 50 MB beside file://',
  async run(bench) {
    const folder = join(bench.scratch, 'git');
    const work = join(folder, 'work');
    await createRepository(work);
    const target = await startSlipway(bench);
    const { codecommit } = clients(target);
    const times = { push: { http: [] as number[], file: [] as number[] }, clone: { http: [] as number[], file: [] as number[] } };
    for (let round = 0; round < ROUNDS; round++) {
      bench.say(`round ${round + 1} of ${ROUNDS}`);
      const bare = join(folder, `bare-${round}.git`);
      await exec('git', ['init', '--quiet', '--bare', bare]);
      // A pack stays a pack there too: from loose objects the clone would have to make one first.
      await exec('git', ['-C', bare, 'config', 'receive.unpackLimit', '1']);
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
    await target.stop();
    return (['clone', 'push'] as const).map((verb) =>
      row(terms(`git.${verb}`), { value: MEGABYTES / median(times[verb].http), baseline: MEGABYTES / median(times[verb].file), n: ROUNDS, note: 'medians; baseline: file://' }),
    );
  },
};

/** The first way of a round has the colder caches, so they swap. */
const inTurn = (round: number): ('http' | 'file')[] => (round % 2 === 0 ? ['http', 'file'] : ['file', 'http']);

async function createRepository(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < FILES; i++) await writeFile(join(folder, `file-${i}`), randomBytes((MEGABYTES / FILES) * 1_000_000));
  const inside = (...args: string[]) => exec('git', ['-C', folder, '-c', 'user.name=Bench', '-c', 'user.email=bench@localhost', ...args]);
  await inside('init', '--quiet', '--initial-branch', 'main');
  await inside('add', '--all');
  await inside('commit', '--quiet', '--message', 'Fifty megabytes');
  await inside('repack', '--quiet', '-a', '-d');
}

/** With the credentials inside, so that no helper's start is measured. */
export function signedUrl(target: Target, repository: string): string {
  const url = new URL(`${target.endpoint}/v1/repos/${repository}`);
  url.username = rootKey.accessKeyId;
  url.password = gitPassword({ host: url.host, path: url.pathname, region, secretAccessKey: rootKey.secretAccessKey, now: Date.now() });
  return url.href;
}
