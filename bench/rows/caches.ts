import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Build, ProjectCache } from '@aws-sdk/client-codebuild';
import { between, build, buildspecOf, createProject } from '../building.ts';
import type { Group } from '../group.ts';
import { median, row, timed, type RowTerms } from '../measure.ts';
import { plain } from '../places.ts';
import { withSlipway } from '../server.ts';
import { MANY_FILES } from './artifacts.ts';

const exec = promisify(execFile);

const ROUNDS = 3;
const BUCKET = 'bench-caches';

interface Kind {
  readonly name: string;
  readonly cache: ProjectCache;
  readonly save: RowTerms;
  readonly restore: RowTerms;
}

const terms = (id: string): RowTerms => ({ id: `cache.${id}`, unit: 's', better: 'lower', aim: 1.5, aimOf: 'ratio' });
const kind = (name: string, cache: ProjectCache): Kind => ({ name, cache, save: terms(`${name}.save`), restore: terms(`${name}.restore`) });
const kinds = [kind('s3', { type: 'S3', location: BUCKET }), kind('local', { type: 'LOCAL', modes: ['LOCAL_CUSTOM_CACHE'] })];

/** (p) A cache of 5,000 files of 50 MB together, saved and restored, beside tar and a copy that is on the disk. What builds without a cache take is taken off. */
export const caches: Group = {
  letter: 'p',
  title: 'caches of 5,000 files, 50 MB',
  async run(bench) {
    return withSlipway(bench, plain.settings, kinds.flatMap(({ save, restore }) => [save, restore]), async (aws) => {
      await aws.s3.createBucket({ Bucket: BUCKET });
      // Commands do the same in all of them; only a cache that was restored spares them the files.
      const project = (name: string, cache?: ProjectCache): Promise<void> =>
        createProject(aws, { name, ...(cache ? { cache } : {}), buildspec: buildspecOf({ build: [`[ -d out ] || { ${MANY_FILES}; }`] }, { cache: { paths: ['out/**/*'] } }) });
      await project('none');
      const times = new Map(kinds.map(({ name }) => [name, { save: [] as number[], restore: [] as number[] }]));
      const tar = { save: [] as number[], restore: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        bench.say(`round ${round + 1} of ${ROUNDS}`);
        const without = await build(aws, 'none');
        for (const { name, cache } of kinds) {
          // A project of its own each time: its first build saves, its second one restores.
          await project(`${name}-${round}`, cache);
          const taken = times.get(name)!;
          taken.save.push(after(await build(aws, `${name}-${round}`)) - after(without));
          taken.restore.push(before(await build(aws, `${name}-${round}`)) - before(without));
        }
        const cwd = join(bench.scratch, `tar-${round}`);
        for (const folder of ['work', 'kept', 'again']) await mkdir(join(cwd, folder), { recursive: true });
        const sh = (script: string): Promise<unknown> => exec('/bin/sh', ['-c', script], { cwd });
        await sh(`cd work && ${MANY_FILES}`);
        tar.save.push(await timed(() => sh('tar -cf cache.tar -C work out && cp cache.tar kept/ && sync kept/cache.tar')));
        tar.restore.push(await timed(() => sh('cp kept/cache.tar again/ && tar -xf again/cache.tar -C again')));
        await rm(cwd, { recursive: true });
      }
      return kinds.flatMap(({ name, save, restore }) => {
        const taken = times.get(name)!;
        return [
          row(save, { value: median(taken.save), baseline: median(tar.save), n: ROUNDS, note: 'medians, end of POST_BUILD → end of UPLOAD_ARTIFACTS less that of builds without a cache; baseline: tar -c, cp and sync' }),
          row(restore, { value: median(taken.restore), baseline: median(tar.restore), n: ROUNDS, note: 'medians, end of QUEUED → end of INSTALL less that of builds without a cache; baseline: cp and tar -x' }),
        ];
      });
    });
  },
};

const before = (built: Build): number => between(built, 'QUEUED', 'INSTALL');
const after = (built: Build): number => between(built, 'POST_BUILD', 'UPLOAD_ARTIFACTS');
