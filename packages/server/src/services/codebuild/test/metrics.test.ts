import { afterAll, beforeAll, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec } from './house.ts';

let s: Slipway;
let builds: ReturnType<typeof buildsOf>;
beforeAll(async () => {
  s = await Slipway.start({ runner: 'dummy' });
  builds = buildsOf(s);
});
afterAll(() => s.stop());

/** The sum of a metric over the hours around now. */
async function sum(MetricName: string, project?: string): Promise<number | undefined> {
  const now = s.clock.now();
  const { Datapoints } = await s.aws.cloudwatch.getMetricStatistics({
    Namespace: 'AWS/CodeBuild', MetricName, StartTime: new Date(now - 3_600_000), EndTime: new Date(now + 3_600_000), Period: 7_200, Statistics: ['Sum'],
    ...(project && { Dimensions: [{ Name: 'ProjectName', Value: project }] }),
  });
  return Datapoints!.length === 0 ? undefined : Datapoints!.reduce((total, point) => total + point.Sum!, 0);
}

it('a build that is over counts for its project and for the account, with the durations of its phases', async () => {
  await builds.project('measured', { source: { type: 'NO_SOURCE', buildspec: buildspec(['true']) } });
  await builds.project('other', { source: { type: 'NO_SOURCE', buildspec: buildspec(['true']) } });
  await builds.run('measured');
  await builds.run('measured', { buildspecOverride: buildspec(['exit 1']) });
  await builds.run('other');
  expect([await sum('Builds', 'measured'), await sum('SucceededBuilds', 'measured'), await sum('FailedBuilds', 'measured')]).toEqual([2, 1, 1]);
  expect([await sum('Builds'), await sum('SucceededBuilds'), await sum('FailedBuilds')]).toEqual([3, 2, 1]);
  expect(await sum('FailedBuilds', 'other')).toBeUndefined();
  for (const name of ['Duration', 'SubmittedDuration', 'QueuedDuration', 'ProvisioningDuration', 'DownloadSourceDuration', 'InstallDuration', 'PreBuildDuration', 'BuildDuration', 'PostBuildDuration', 'UploadArtifactsDuration', 'FinalizingDuration']) {
    expect(await sum(name, 'measured'), name).toBeGreaterThanOrEqual(0);
  }
});
