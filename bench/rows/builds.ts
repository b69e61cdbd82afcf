import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Bench, Group } from '../group.ts';
import { notMeasured, percentile, row, timed, type Row, type RowTerms } from '../measure.ts';
import { clients, pause, role, startSlipway, type Clients } from '../server.ts';

const exec = promisify(execFile);

const BUILDS = 30;
const POLL_MS = 5;
export const EMPTY_BUILDSPEC = 'version: 0.2\nphases:\n  build:\n    commands:\n      - ":"\n';

const overhead: RowTerms = { id: 'build.overhead', unit: 's', better: 'lower', aim: 0.25, aimOf: 'value' };

/** A place that builds run in, and its bare start: the same isolation around `true`. */
interface Place {
  readonly row: RowTerms;
  readonly settings: Readonly<Record<string, string>>;
  readonly image: string;
  readonly builds: number;
  bare(): Promise<unknown>;
  /** Why it is not here. */
  absent(): Promise<string | undefined>;
}

const CURATED = 'aws/codebuild/standard:7.0';
/** An image of the engine that TEST_ENGINES names first, with /bin/sh and true; the tests of containers make one. */
const IMAGE = process.env['BENCH_IMAGE'] ?? 'localhost/slipway-test/busybox:latest';
const [engine] = (process.env['TEST_ENGINES'] ?? '').split(':').filter((socket) => socket !== '');

const bwrap = (): Promise<unknown> => exec('bwrap', ['--ro-bind', '/', '/', 'true']);

const places: readonly Place[] = [
  { row: overhead, settings: {}, image: CURATED, builds: BUILDS, bare: bwrap, absent: () => bwrap().then(() => undefined, () => 'bubblewrap does not work here') },
  { row: { ...overhead, id: 'build.overhead.sandbox.host-network' }, settings: { SLIPWAY_BUILD_NETWORK: 'host' }, image: CURATED, builds: BUILDS, bare: bwrap, absent: () => bwrap().then(() => undefined, () => 'bubblewrap does not work here') },
  { row: { ...overhead, id: 'build.overhead.plain' }, settings: { SLIPWAY_RUNNER: 'plain' }, image: CURATED, builds: BUILDS, bare: () => exec('/bin/sh', ['-c', ':']), absent: async () => undefined },
  {
    row: { ...overhead, id: 'build.overhead.container', aim: 1 }, settings: { SLIPWAY_RUNNER: 'container', ...(engine === undefined ? {} : { SLIPWAY_CONTAINER_SOCKET: engine }) }, image: IMAGE, builds: 10,
    bare: () => exec('docker', ['--host', `unix://${engine}`, 'run', '--rm', '--network=none', IMAGE, 'true']),
    absent: async () => (engine === undefined ? 'no container engine: scripts/with-engines.mjs starts one' : exec('docker', ['--host', `unix://${engine}`, 'image', 'inspect', IMAGE]).then(() => undefined, () => `the engine has no image ${IMAGE}`)),
  },
];

/** (c) StartBuild → terminal for an empty buildspec in each place, less what the place alone takes. */
export const builds: Group = {
  letter: 'c',
  title: 'an empty build',
  async run(bench) {
    const rows = [];
    for (const place of places) {
      const absent = await place.absent();
      rows.push(absent === undefined ? await measure(bench, place) : notMeasured(place.row, absent));
    }
    return rows;
  },
};

async function measure(bench: Bench, place: Place): Promise<Row> {
  const target = await startSlipway(bench, [], place.settings);
  try {
    const aws = clients(target);
    await createProject(aws, 'empty', { type: 'NO_SOURCE' }, place.image);
    await build(aws, 'empty');
    const took: number[] = [];
    const bare: number[] = [];
    for (let i = 0; i < place.builds; i++) {
      took.push(await timed(() => build(aws, 'empty')));
      bare.push(await timed(() => place.bare()));
    }
    const note = `p95 of builds ${percentile(took, 95).toFixed(3)} s − p95 of the bare start ${percentile(bare, 95).toFixed(3)} s; median build ${percentile(took, 50).toFixed(3)} s`;
    return row(place.row, { value: percentile(took, 95) - percentile(bare, 95), n: place.builds, note });
  } catch (error) {
    return notMeasured(place.row, (error as Error).message);
  } finally {
    await target.stop();
  }
}

export async function createProject(aws: Clients, name: string, source: { type: 'NO_SOURCE' | 'CODEPIPELINE' } = { type: 'NO_SOURCE' }, image = CURATED): Promise<void> {
  await aws.codebuild.createProject({
    name,
    source: { ...source, buildspec: EMPTY_BUILDSPEC },
    artifacts: { type: source.type === 'NO_SOURCE' ? 'NO_ARTIFACTS' : 'CODEPIPELINE' },
    environment: { type: 'LINUX_CONTAINER', image, computeType: 'BUILD_GENERAL1_SMALL' },
    serviceRole: await role(aws, `bench-${name}`, 'codebuild.amazonaws.com'),
  });
}

async function build(aws: Clients, projectName: string): Promise<void> {
  const { build: started } = await aws.codebuild.startBuild({ projectName });
  for (;;) {
    const { builds: [found] = [] } = await aws.codebuild.batchGetBuilds({ ids: [started!.id!] });
    if (found?.buildStatus === 'SUCCEEDED') return;
    if (found?.buildStatus !== 'IN_PROGRESS') {
      const failed = found?.phases?.find(({ phaseStatus }) => phaseStatus === 'FAILED');
      throw new Error(`a build ended ${found?.buildStatus} in ${failed?.phaseType}: ${failed?.contexts?.[0]?.message}`);
    }
    await pause(POLL_MS);
  }
}
