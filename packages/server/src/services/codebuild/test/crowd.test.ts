import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Build } from '@aws-sdk/client-codebuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { buildspec, phase } from './house.ts';
import { logOf, makeRole, peakOf, startProgram, until, type Program } from './program.ts';

const docker = (await testEngines()).find(({ name }) => name === 'Docker');
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const SERVER_MB = 300;
const LINES = 20;

const crowds = [
  // Busy has asked for everything before the others come.
  { name: 'Fifty builds at once in sandboxes', possible: sandbox, image: 'aws/codebuild/standard:7.0', atOnce: 20, shares: { busy: 40, calm: 7, rare: 3 }, settings: {} },
  { name: 'Eight builds at once in containers of Docker', possible: docker !== undefined, image: BASH_IMAGE, atOnce: 3, shares: { busy: 5, calm: 2, rare: 1 }, settings: { SLIPWAY_CONCURRENT_BUILDS: '3', SLIPWAY_CONTAINER_SOCKET: docker?.socket ?? '' } },
] as const;

describe.each(crowds)('$name', ({ possible, image, atOnce, shares, settings }) => {
  let data: string;
  let server: Program;
  beforeEach(async () => {
    if (docker !== undefined && image === BASH_IMAGE) await makeTestImages(docker);
    data = await mkdtemp(join(tmpdir(), 'slipway-crowd-'));
    server = await startProgram(data, settings);
  }, 120_000);
  afterEach(async () => {
    await server.kill('SIGTERM');
    await rm(data, { recursive: true, force: true });
  });

  it.skipIf(!possible)(`all end right, each with its own log, no project waits behind another one's crowd, and the server stays below ${SERVER_MB} MB`, { timeout: 240_000 }, async () => {
    const { aws } = server;
    const serviceRole = await makeRole(aws);
    for (const name of Object.keys(shares)) {
      await aws.codebuild.createProject({
        name, serviceRole, artifacts: { type: 'NO_ARTIFACTS' }, environment: { type: 'LINUX_CONTAINER', image, computeType: 'BUILD_GENERAL1_SMALL' },
        source: { type: 'NO_SOURCE', buildspec: buildspec([`i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo "$CODEBUILD_BUILD_ID $i"; done`, 'sleep 1']) },
      });
    }
    const ids: string[] = [];
    for (const [projectName, count] of Object.entries(shares)) ids.push(...await Promise.all(Array.from({ length: count }, async () => (await aws.codebuild.startBuild({ projectName })).build!.id!)));

    let most = 0;
    const ended = await until(async () => {
      const { builds } = await aws.codebuild.batchGetBuilds({ ids });
      most = Math.max(most, builds!.filter(({ currentPhase }) => currentPhase !== 'QUEUED' && currentPhase !== 'COMPLETED').length);
      return builds!.every(({ buildComplete }) => buildComplete) && builds!;
    });

    expect(ended.map(({ id, buildStatus }) => [id, buildStatus])).toEqual(ended.map(({ id }) => [id, 'SUCCEEDED']));
    expect(ended).toHaveLength(ids.length);
    for (const { id } of ended) expect((await logOf(aws, id!)).filter((line) => !line.startsWith('[Container]'))).toEqual(Array.from({ length: LINES }, (_, index) => `${id} ${index + 1}`));
    expect(most).toBeLessThanOrEqual(atOnce);
    expect(most).toBeGreaterThan(atOnce / 2);

    // In the order in which their turns came.
    const turns = ended.toSorted((a, b) => turnOf(a) - turnOf(b)).map(({ projectName }) => projectName!);
    const busyFrom = (at: number): number => turns.slice(at).filter((each) => each === 'busy').length;
    // With as many running as the others, busy may well come before the last of calm.
    for (const at of [turns.indexOf('calm'), turns.lastIndexOf('rare')]) expect(busyFrom(at)).toBeGreaterThanOrEqual((shares.busy - atOnce) / 2);

    await until(async () => (await readdir(join(data, 'builds'))).every((name) => name.startsWith('.')));
    expect(peakOf(server.pid)).toBeLessThan(SERVER_MB);
  });
});

const turnOf = (build: Build): number => phase(build, 'QUEUED')!.endTime!.getTime();
