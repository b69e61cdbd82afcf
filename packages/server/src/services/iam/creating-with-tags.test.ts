import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';

type Clients = Slipway['aws'];

/** One way of making something with a tag: by which action, and which further one AWS asks for. */
const makers: readonly { readonly creates: string; readonly tagging: string; readonly make: (aws: Clients, name: string, value: string, role: string) => Promise<unknown> }[] = [
  { creates: 'sns:CreateTopic', tagging: 'sns:TagResource', make: (aws, Name, Value) => aws.sns.createTopic({ Name, Tags: [{ Key: 'team', Value }] }) },
  { creates: 'logs:CreateLogGroup', tagging: 'logs:TagResource', make: (aws, logGroupName, team) => aws.cloudwatchLogs.createLogGroup({ logGroupName, tags: { team } }) },
  { creates: 'codedeploy:CreateApplication', tagging: 'codedeploy:TagResource', make: (aws, applicationName, Value) => aws.codedeploy.createApplication({ applicationName, tags: [{ Key: 'team', Value }] }) },
  {
    creates: 'codedeploy:CreateDeploymentGroup', tagging: 'codedeploy:TagResource',
    make: (aws, deploymentGroupName, Value, serviceRoleArn) => aws.codedeploy.createDeploymentGroup({ applicationName: 'shared', deploymentGroupName, serviceRoleArn, tags: [{ Key: 'team', Value }] }),
  },
  {
    creates: 'codepipeline:CreatePipeline', tagging: 'codepipeline:TagResource',
    make: (aws, name, value, roleArn) => aws.codepipeline.createPipeline({ tags: [{ key: 'team', value }], pipeline: pipeline(name, roleArn) }),
  },
];

const pipeline = (name: string, roleArn: string) => ({
  name, roleArn, artifactStore: { type: 'S3' as const, location: 'artifacts' },
  stages: [
    { name: 'Source', actions: [{ name: 'In', actionTypeId: { category: 'Source' as const, owner: 'AWS' as const, provider: 'S3', version: '1' }, configuration: { S3Bucket: 'artifacts', S3ObjectKey: 'in.zip', PollForSourceChanges: 'false' }, outputArtifacts: [{ name: 'Code' }] }] },
    { name: 'Go', actions: [{ name: 'Ask', actionTypeId: { category: 'Approval' as const, owner: 'AWS' as const, provider: 'Manual', version: '1' } }] },
  ],
});

const project = (value: string, serviceRole: string) => ({
  name: 'tagged', serviceRole, artifacts: { type: 'NO_ARTIFACTS' as const }, source: { type: 'NO_SOURCE' as const, buildspec: 'version: 0.2' },
  environment: { type: 'LINUX_CONTAINER' as const, image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' as const }, tags: [{ key: 'team', value }],
});

describe('Making something with tags', () => {
  let s: Slipway;
  const roles = new Map<string, string>();
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'dummy' });
    for (const service of ['codepipeline', 'codedeploy', 'codebuild']) roles.set(service, await s.role(service, `${service}.amazonaws.com`, { Action: '*', Resource: '*' }));
    await s.aws.codedeploy.createApplication({ applicationName: 'shared' });
    await s.aws.s3.createBucket({ Bucket: 'artifacts' });
  });
  afterAll(() => s.stop());

  it.each(makers.map((maker) => [maker.creates, maker] as const))('%s: needs the right to tag as well, and is decided on by the tags', async (creates, { tagging, make }) => {
    const id = creates.replace(/\W/g, '-');
    const role = roles.get(creates.split(':')[0]!) ?? '';
    const passing = { Action: 'iam:PassRole', Resource: '*' };
    const maker = await s.user(`${id}-maker`, { Action: creates, Resource: '*' }, passing);
    await expect(make(s.as(maker), `${id}-1`, 'blue', role)).rejects.toMatchObject({ message: expect.stringContaining(tagging) });
    const tagger = await s.user(`${id}-tagger`, { Action: [creates, tagging], Resource: '*', Condition: { StringEquals: { 'aws:RequestTag/team': 'blue' } } }, passing);
    await expect(make(s.as(tagger), `${id}-2`, 'red', role)).rejects.toMatchObject({ message: expect.stringContaining(creates) });
    await make(s.as(tagger), `${id}-2`, 'blue', role);
  });

  it('codebuild:CreateProject and UpdateProject: have no action for tags, which are conditions', async () => {
    const only = { StringEquals: { 'aws:RequestTag/team': 'blue' }, 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } };
    const user = await s.user('projects', { Action: 'codebuild:*', Resource: '*', Condition: only }, { Action: 'iam:PassRole', Resource: '*' });
    await expect(s.as(user).codebuild.createProject(project('red', roles.get('codebuild')!))).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await s.as(user).codebuild.createProject(project('blue', roles.get('codebuild')!));
    await expect(s.as(user).codebuild.updateProject({ name: 'tagged', tags: [{ key: 'team', value: 'red' }] })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await s.as(user).codebuild.updateProject({ name: 'tagged', tags: [{ key: 'team', value: 'blue' }] });
  });
});
