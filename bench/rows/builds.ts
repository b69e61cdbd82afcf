import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Group } from '../group.ts';
import { notMeasured, percentile, row, timed, type RowTerms } from '../measure.ts';
import { clients, pause, role, startSlipway, type Clients } from '../server.ts';

const exec = promisify(execFile);

const BUILDS = 30;
const POLL_MS = 5;
export const EMPTY_BUILDSPEC = 'version: 0.2\nphases:\n  build:\n    commands:\n      - ":"\n';

const overhead: RowTerms = { id: 'build.overhead', unit: 's', better: 'lower', aim: 0.25, aimOf: 'value' };

/** (c) StartBuild → terminal for an empty buildspec, less what bubblewrap alone takes. */
export const builds: Group = {
  letter: 'c',
  title: 'an empty build',
  async run(bench) {
    try {
      await exec('bwrap', ['--ro-bind', '/', '/', 'true']);
    } catch {
      return [notMeasured(overhead, 'bubblewrap does not work here')];
    }
    const target = await startSlipway(bench);
    try {
      const aws = clients(target);
      await createProject(aws, 'empty');
      await build(aws, 'empty');
      const took: number[] = [];
      const bare: number[] = [];
      for (let i = 0; i < BUILDS; i++) {
        took.push(await timed(() => build(aws, 'empty')));
        bare.push(await timed(() => exec('bwrap', ['--ro-bind', '/', '/', 'true'])));
      }
      const note = `p95 of builds ${percentile(took, 95).toFixed(3)} s − p95 of bwrap true ${percentile(bare, 95).toFixed(3)} s; median build ${percentile(took, 50).toFixed(3)} s`;
      return [row(overhead, { value: percentile(took, 95) - percentile(bare, 95), n: BUILDS, note })];
    } catch (error) {
      return [notMeasured(overhead, (error as Error).message)];
    } finally {
      await target.stop();
    }
  },
};

export async function createProject(aws: Clients, name: string, source: { type: 'NO_SOURCE' | 'CODEPIPELINE' } = { type: 'NO_SOURCE' }): Promise<void> {
  await aws.codebuild.createProject({
    name,
    source: { ...source, buildspec: EMPTY_BUILDSPEC },
    artifacts: { type: source.type === 'NO_SOURCE' ? 'NO_ARTIFACTS' : 'CODEPIPELINE' },
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
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
