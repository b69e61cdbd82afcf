import { cp, mkdtemp, rm } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsClients, bundleProgram, crashEveryPoint, Slipway, slipwayProgram } from '@slipway/testkit';
import { hear } from './crash/program.ts';
import { rowsOf } from './crash/rows.ts';
import { eventually } from './support/eventually.ts';

test('x', async () => {
  const s = await Slipway.start({ runner: 'dummy' });
  const all = { Action: '*', Resource: '*' };
  await s.aws.codecommit.createRepository({ repositoryName: 'app' });
  await s.aws.codecommit.putFile({ repositoryName: 'app', branchName: 'main', filePath: 'buildspec.yml', fileContent: Buffer.from(`version: 0.2
phases:
  build:
    commands:
      - print line 1
      - print line 2
      - write out/page made
artifacts:
  files: [out/page]
`), commitMessage: 'one' });
  await s.aws.s3.createBucket({ Bucket: 'store' });
  await s.aws.cloudwatchLogs.createLogGroup({ logGroupName: '/events' });
  const project = { source: { type: 'CODEPIPELINE' as const }, artifacts: { type: 'CODEPIPELINE' as const }, environment: { type: 'LINUX_CONTAINER' as const, image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' as const } };
  await s.aws.codebuild.createProject({ name: 'app', ...project, serviceRole: await s.role('build', 'codebuild.amazonaws.com', all) });
  await s.aws.codepipeline.createPipeline({ pipeline: { name: 'app', roleArn: await s.role('pipeline', 'codepipeline.amazonaws.com', all), artifactStore: { type: 'S3', location: 'store' }, stages: [
    { name: 'Source', actions: [{ name: 'Fetch', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeCommit', version: '1' }, configuration: { RepositoryName: 'app', BranchName: 'main', PollForSourceChanges: 'false' }, outputArtifacts: [{ name: 'Source' }] }] },
    { name: 'Build', actions: [{ name: 'Compile', actionTypeId: { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' }, configuration: { ProjectName: 'app' }, inputArtifacts: [{ name: 'Source' }], outputArtifacts: [{ name: 'Built' }] }] },
  ] } });
  await s.settled();
  console.log(await s.until((e) => e.detailType.includes('Pipeline Execution') && ['SUCCEEDED', 'FAILED'].includes(String(e.detail.state))));
  await s.settled();
  await s.stop;
  const r = rowsOf(s.data);
  for (const [t, rows] of Object.entries(r)) console.log(t, rows.length, rows.slice(0, 3).map((x) => x.slice(0, 900)));
  await s.stop();
  void [cp, mkdtemp, rm, tmpdir, dirname, join, resolve, afterAll, beforeAll, expect, awsClients, bundleProgram, crashEveryPoint, slipwayProgram, hear, eventually];
  void (undefined as unknown as ChildProcess);
}, 100_000);
