import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CreateProjectCommandInput } from '@aws-sdk/client-codebuild';
import { between, build, buildspecOf, createProject } from '../building.ts';
import type { Group } from '../group.ts';
import { median, row, timed, type RowTerms } from '../measure.ts';
import { plain } from '../places.ts';
import { withSlipway } from '../server.ts';

const exec = promisify(execFile);

const ROUNDS = 3;
const BUCKET = 'bench-artifacts';

/** 50 MB that compress a little, as bundles do: base64 of random bytes. */
const RANDOM = 'mkdir -p out && head -c 37500000 /dev/urandom | base64 -w 0';
export const ONE_FILE = `${RANDOM} > out/file`;
export const MANY_FILES = `${RANDOM} | split -b 10000 -a 4 -d - out/f`;

interface Kind {
  readonly terms: RowTerms;
  readonly name: string;
  readonly command: string;
  readonly packaging: 'ZIP' | 'NONE';
  /** Beside it, in the folder `work` into the empty folder `kept`. */
  readonly beside: string;
}

const terms = (name: string): RowTerms => ({ id: `artifacts.${name}`, unit: 's', better: 'lower', aim: 1.5, aimOf: 'ratio' });

const kinds: readonly Kind[] = [
  { terms: terms('zip.one-file'), name: 'zip-one', command: ONE_FILE, packaging: 'ZIP', beside: 'cd work/out && zip -q -r ../../out.zip . && cp ../../out.zip ../../kept/ && sync ../../kept/out.zip' },
  { terms: terms('zip.5000-files'), name: 'zip-many', command: MANY_FILES, packaging: 'ZIP', beside: 'cd work/out && zip -q -r ../../out.zip . && cp ../../out.zip ../../kept/ && sync ../../kept/out.zip' },
  { terms: terms('plain.one-file'), name: 'plain-one', command: ONE_FILE, packaging: 'NONE', beside: 'cp -r work/out kept/ && sync kept/out/*' },
  { terms: terms('plain.5000-files'), name: 'plain-many', command: MANY_FILES, packaging: 'NONE', beside: 'cp -r work/out kept/ && sync kept/out/*' },
];

/** (o) Artifacts of 50 MB: from the end of POST_BUILD to the end of UPLOAD_ARTIFACTS, beside zip and a copy that is on the disk. */
export const artifacts: Group = {
  letter: 'o',
  title: 'artifacts of 50 MB in one file and in 5,000',
  async run(bench) {
    return withSlipway(bench, plain.settings, kinds.map((kind) => kind.terms), async (aws) => {
      await aws.s3.createBucket({ Bucket: BUCKET });
      const rows = [];
      for (const kind of kinds) {
        const settings: CreateProjectCommandInput['artifacts'] = { type: 'S3', location: BUCKET, packaging: kind.packaging };
        await createProject(aws, { name: kind.name, artifacts: settings, buildspec: buildspecOf({ build: [kind.command] }, { artifacts: { files: ['**/*'], 'base-directory': 'out' } }) });
        const took: number[] = [];
        const beside: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          took.push(between(await build(aws, kind.name), 'POST_BUILD', 'UPLOAD_ARTIFACTS'));
          const cwd = join(bench.scratch, `beside-${kind.name}-${round}`);
          for (const folder of ['work', 'kept']) await mkdir(join(cwd, folder), { recursive: true });
          await exec('/bin/sh', ['-c', kind.command], { cwd: join(cwd, 'work') });
          beside.push(await timed(() => exec('/bin/sh', ['-c', kind.beside], { cwd })));
        }
        bench.say(`${kind.name}: ${median(took).toFixed(2)} s beside ${median(beside).toFixed(2)} s`);
        rows.push(row(kind.terms, { value: median(took), baseline: median(beside), n: ROUNDS, note: `medians; baseline: ${kind.packaging === 'ZIP' ? 'zip -r, cp' : 'cp -r'} and sync` }));
      }
      return rows;
    });
  },
};
