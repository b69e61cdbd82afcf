import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildspec } from './house.ts';
import { claimOf } from './leftovers.ts';
import { makeRole, peakOf, startProgram, until } from './program.ts';

const MEGABYTES = Number(process.env['LARGE_LOG_MB'] ?? 48);
const LINE = 'a line of a build that says much, and a word like hunter';
const lines = Math.round((MEGABYTES * 1e6) / (LINE.length + 1));

it(`A log of ${MEGABYTES} MB passes through server and supervisor in little memory`, { timeout: 600_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'slipway-large-log-'));
  const server = await startProgram(data, { SLIPWAY_RUNNER: 'plain' });
  try {
    const { aws } = server;
    const serviceRole = await makeRole(aws);
    await aws.codebuild.createProject({
      name: 'loud', serviceRole, artifacts: { type: 'NO_ARTIFACTS' }, environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
      source: { type: 'NO_SOURCE', buildspec: buildspec([`yes '${LINE}' | head -n ${lines}`, 'sleep 1']) },
    });
    const id = (await aws.codebuild.startBuild({ projectName: 'loud' })).build!.id!;
    let supervisor = 0;
    const build = await until(async () => {
      const [found] = (await aws.codebuild.batchGetBuilds({ ids: [id] })).builds!;
      try {
        supervisor = Math.max(supervisor, peakOf(claimOf(data, id).pid) ?? 0);
      } catch {
        // Not begun, or over.
      }
      return found!.buildComplete && found;
    });
    expect(build.buildStatus).toBe('SUCCEEDED');
    const used = { server: peakOf(server.pid)!, supervisor };
    if (process.env['LARGE_LOG_MB'] !== undefined) console.log(JSON.stringify({ megabytes: MEGABYTES, ...used }));
    expect(used.server).toBeLessThan(300);
    expect(used.supervisor).toBeLessThan(200);
  } finally {
    await server.kill('SIGKILL');
    await rm(data, { recursive: true, force: true });
  }
});
