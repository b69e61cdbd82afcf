import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { revisionOf, zipWithLink, zipWithName } from './bundles.ts';
import { ALL, Fleet, HALF } from './fleet.ts';

let s: Slipway;
let fleet: Fleet;
const THREE = ['web-1', 'web-2', 'web-3'];
const EVENTS = ['ApplicationStop', 'DownloadBundle', 'BeforeInstall', 'Install', 'AfterInstall', 'ApplicationStart', 'ValidateService'];

beforeAll(async () => {
  s = await Slipway.start();
  fleet = await Fleet.start(s, [...THREE, 'web-4']);
});
afterAll(async () => {
  await fleet.stop();
  await s.stop();
});

/** Writes what runs where, and fails on one host. */
const script = (failing = ''): string => `echo "$DEPLOYMENT_ID $LIFECYCLE_EVENT $SLIPWAY_HOST_NAME" >> ${fleet.ledger}\n${failing === '' ? '' : `[ "$SLIPWAY_HOST_NAME" != ${failing} ] || { echo broken; exit 7; }`}`;

const linesOf = async (id: string): Promise<string[]> => (await fleet.lines()).filter((line) => line.startsWith(id)).map((line) => line.slice(id.length + 1));

test('a revision comes to both hosts, one after the other, and the next deployment stops it with its own script', async () => {
  const group = await fleet.group(['web-1', 'web-2']);
  const first = await fleet.deploy(group, revisionOf(`echo "$DEPLOYMENT_ID first $LIFECYCLE_EVENT $SLIPWAY_HOST_NAME" >> ${fleet.ledger}`));
  expect(await fleet.ended(first)).toMatchObject({ status: 'Succeeded', creator: 'user', deploymentOverview: { Succeeded: 2, Failed: 0, Pending: 0, InProgress: 0, Skipped: 0 } });
  const own = (host: string, name: string) => EVENTS.filter((event) => !['ApplicationStop', 'DownloadBundle', 'Install'].includes(event)).map((event) => `${name} ${event} ${host}`);
  expect(await linesOf(first)).toEqual([...own('web-1', 'first'), ...own('web-2', 'first')]);
  expect((await fleet.events(first, 'web-1')).map(({ lifecycleEventName, status }) => [lifecycleEventName, status])).toEqual(EVENTS.map((event) => [event, 'Succeeded']));
  expect(await readFile(fleet.hosts[1]?.pathOf('/srv/site/index.html') as string, 'utf8')).toBe('page');

  const second = await fleet.deploy(group, revisionOf(`echo "$DEPLOYMENT_ID second $LIFECYCLE_EVENT $SLIPWAY_HOST_NAME" >> ${fleet.ledger}`, undefined, 'changed'));
  expect(await fleet.ended(second)).toMatchObject({ status: 'Succeeded' });
  expect((await linesOf(second)).slice(0, 2)).toEqual(['first ApplicationStop web-1', 'second BeforeInstall web-1']);
  expect(await readFile(fleet.hosts[1]?.pathOf('/srv/site/index.html') as string, 'utf8')).toBe('changed');
});

test('a hook that fails on the second of three hosts leaves the third alone and shows script, exit code and output', async () => {
  const id = await fleet.deploy(await fleet.group(THREE), revisionOf(script('web-2'), ['AfterInstall']));
  expect(await fleet.ended(id)).toMatchObject({ status: 'Failed', errorInformation: { code: 'HEALTH_CONSTRAINTS', message: expect.stringContaining('too many individual instances failed') } });
  expect(await fleet.statuses(id)).toEqual({ 'web-1': 'Succeeded', 'web-2': 'Failed', 'web-3': 'Skipped' });
  expect(await fleet.failure(id, 'web-2')).toMatchObject({ lifecycleEventName: 'AfterInstall', diagnostics: {
    errorCode: 'ScriptFailed', scriptName: 'run.sh', message: 'Script at specified location: run.sh failed with exit code 7', logTail: expect.stringContaining('[stdout]broken\n'),
  } });
  expect((await fleet.events(id, 'web-2')).map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded', 'Failed', 'Skipped', 'Skipped']);
});

test('a failure on the last of three hosts leaves a OneAtATime deployment succeeded', async () => {
  const id = await fleet.deploy(await fleet.group(THREE), revisionOf(script('web-3'), ['AfterInstall']));
  expect(await fleet.ended(id)).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 2, Failed: 1 } });
});

test('AllAtOnce starts on every host and succeeds when one does', async () => {
  // Each waits until all three have come: one at a time they never would.
  const meet = `while [ "$(grep -c "^$DEPLOYMENT_ID" ${fleet.ledger})" -lt 3 ]; do sleep 0.02; done; [ "$SLIPWAY_HOST_NAME" = web-2 ]`;
  const id = await fleet.deploy(await fleet.group(THREE, ALL), revisionOf(`${script()}\n${meet}`, ['BeforeInstall']));
  expect(await fleet.ended(id)).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 1, Failed: 2 } });
});

test('HalfAtATime has two of four hosts out of service and goes on with fewer after a failure', async () => {
  const id = await fleet.deploy(await fleet.group([...THREE, 'web-4'], HALF), revisionOf(`${script()}\n${script('web-1')}\nsleep 0.1\necho "$DEPLOYMENT_ID out" >> ${fleet.ledger}`, ['BeforeInstall']));
  expect(await fleet.ended(id)).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 3, Failed: 1 } });
});

test('StopDeployment: the script that runs finishes, and nothing more is begun', async () => {
  const gate = join(fleet.folder, 'gate');
  const id = await fleet.deploy(await fleet.group(['web-1', 'web-2']), revisionOf(`${script()}\nwhile [ ! -e ${gate} ]; do sleep 0.02; done`, ['BeforeInstall', 'AfterInstall']));
  await fleet.written((line) => line.startsWith(id));
  expect(await s.aws.codedeploy.stopDeployment({ deploymentId: id })).toMatchObject({ status: 'Pending' });
  await writeFile(gate, '');
  expect(await fleet.ended(id)).toMatchObject({ status: 'Stopped', errorInformation: { code: 'MANUAL_STOP' } });
  expect(await linesOf(id)).toEqual(['BeforeInstall web-1']);
  expect(await fleet.statuses(id)).toEqual({ 'web-1': 'Skipped', 'web-2': 'Skipped' });
  await expect(s.aws.codedeploy.stopDeployment({ deploymentId: id })).rejects.toMatchObject({ name: 'DeploymentAlreadyCompletedException' });
});

test('bundles that lead out of their folder, and scripts that are not there, fail the event that finds them', async () => {
  const outside = await fleet.deploy(await fleet.group(['web-1']), await zipWithName({ ...revisionOf('true'), 'aa/outside.txt': 'x' }, 'aa/outside.txt', '../outside.txt'));
  const link = await fleet.deploy(await fleet.group(['web-2']), await zipWithLink(revisionOf('true'), 'link', `${'../'.repeat(30)}etc`));
  const missing = await fleet.deploy(await fleet.group(['web-3']), { 'appspec.yml': 'version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: scripts/not-there.sh\n' });
  for (const id of [outside, link, missing]) expect(await fleet.ended(id)).toMatchObject({ status: 'Failed', errorInformation: { code: 'HEALTH_CONSTRAINTS' } });
  expect(await fleet.failure(outside, 'web-1')).toMatchObject({ lifecycleEventName: 'DownloadBundle', diagnostics: { errorCode: 'UnknownError', message: expect.stringContaining('../outside.txt') } });
  expect(await fleet.failure(link, 'web-2')).toMatchObject({ lifecycleEventName: 'DownloadBundle', diagnostics: { message: expect.stringContaining('"link" leads out of the bundle') } });
  expect(await fleet.failure(missing, 'web-3')).toMatchObject({ lifecycleEventName: 'AfterInstall', diagnostics: {
    errorCode: 'ScriptMissing', scriptName: 'scripts/not-there.sh', message: 'Script does not exist at specified location: scripts/not-there.sh',
  } });
  expect(existsSync(join(fleet.folder, 'outside.txt'))).toBe(false);
});

test('a host that may not read the bundle fails its download in the words of S3', async () => {
  await s.aws.iam.deleteUserPolicy({ UserName: 'web-4', PolicyName: 'inline' });
  const id = await fleet.deploy(await fleet.group(['web-4']), revisionOf('true'));
  expect(await fleet.ended(id)).toMatchObject({ status: 'Failed' });
  expect(await fleet.failure(id, 'web-4')).toMatchObject({ lifecycleEventName: 'DownloadBundle', diagnostics: { message: expect.stringContaining('AccessDenied') } });
});

test('a pipeline deploys its artifact and is woken by the end of the deployment', async () => {
  const { applicationName, deploymentGroupName } = await fleet.group(['web-1']);
  await s.aws.codecommit.createRepository({ repositoryName: 'site' });
  let parentCommitId: string | undefined;
  for (const [filePath, text] of Object.entries(revisionOf(script(), ['ValidateService'], 'from the pipeline'))) {
    ({ commitId: parentCommitId } = await s.aws.codecommit.putFile({ repositoryName: 'site', branchName: 'main', filePath, fileContent: Buffer.from(text), parentCommitId, fileMode: filePath.endsWith('.sh') ? 'EXECUTABLE' : 'NORMAL' }));
  }
  await s.aws.s3.createBucket({ Bucket: 'artifacts' });
  const roleArn = await s.role('pipeline', 'codepipeline.amazonaws.com', { Action: ['codecommit:*', 's3:*', 'codedeploy:*'], Resource: '*' });
  await s.aws.codepipeline.createPipeline({ pipeline: { name: 'site', roleArn, artifactStore: { type: 'S3', location: 'artifacts' }, stages: [
    { name: 'Source', actions: [{ name: 'Source', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeCommit', version: '1' }, configuration: { RepositoryName: 'site', BranchName: 'main' }, outputArtifacts: [{ name: 'App' }] }] },
    { name: 'Deploy', actions: [{ name: 'Deploy', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'CodeDeploy', version: '1' }, configuration: { ApplicationName: applicationName, DeploymentGroupName: deploymentGroupName }, inputArtifacts: [{ name: 'App' }] }] },
  ] } });
  const end = await s.until((event) => event.detailType === 'CodePipeline Pipeline Execution State Change' && ['SUCCEEDED', 'FAILED'].includes(String(event.detail.state)));
  expect(end.detail.state).toBe('SUCCEEDED');
  expect(await readFile(fleet.hosts[0]?.pathOf('/srv/site/index.html') as string, 'utf8')).toBe('from the pipeline');
  const { deployments } = await s.aws.codedeploy.listDeployments({ applicationName, deploymentGroupName });
  expect(deployments).toHaveLength(1);
});
