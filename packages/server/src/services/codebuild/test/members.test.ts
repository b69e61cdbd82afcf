import { loadContract } from '@slipway/contracts';
import type { CreateProjectInput, StartBuildInput } from '@aws-sdk/client-codebuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec } from './house.ts';

const linux = { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const inline = { type: 'NO_SOURCE', buildspec: buildspec(['true']) } as const;
const repository = { type: 'GITHUB', location: 'https://github.com/a/b' } as const;

/** How a member that is refused is asked for. */
type Refused = { readonly project: Partial<CreateProjectInput> } | { readonly build: Partial<StartBuildInput> };

const honoured = 'honoured';
/** AWS takes it and does nothing with it either, or what it asks for is so anyway. */
const harmless = (why: string): string => `harmless: ${why}`;
const project = (more: Partial<CreateProjectInput>): Refused => ({ project: more });
const environment = (more: Partial<NonNullable<CreateProjectInput['environment']>>): Refused => project({ environment: { ...linux, ...more } });
const build = (more: Partial<StartBuildInput>): Refused => ({ build: more });

const ofProject = {
  name: honoured, description: honoured, source: honoured, secondarySources: honoured, sourceVersion: honoured, secondarySourceVersions: honoured, artifacts: honoured, secondaryArtifacts: honoured,
  cache: honoured, environment: honoured, serviceRole: honoured, timeoutInMinutes: honoured, queuedTimeoutInMinutes: honoured, tags: honoured, logsConfig: honoured, concurrentBuildLimit: honoured, autoRetryLimit: honoured,
  encryptionKey: honoured,
  vpcConfig: harmless("the build's log says that it is no network here"),
  badgeEnabled: project({ badgeEnabled: true }),
  fileSystemLocations: project({ fileSystemLocations: [{ type: 'EFS', location: 'fs-1:/', mountPoint: '/x', identifier: 'x' }] }),
  buildBatchConfig: project({ buildBatchConfig: { serviceRole: 'arn:aws:iam::000000000000:role/x' } }),
};

/** Every structure that CreateProject, UpdateProject and StartBuild take, with all of its members. */
const members: Readonly<Record<string, Readonly<Record<string, string | Refused>>>> = {
  CreateProjectInput: ofProject,
  UpdateProjectInput: ofProject,
  StartBuildInput: {
    projectName: honoured, secondarySourcesOverride: honoured, secondarySourcesVersionOverride: honoured, sourceVersion: honoured, artifactsOverride: honoured, secondaryArtifactsOverride: honoured,
    environmentVariablesOverride: honoured, sourceTypeOverride: honoured, sourceLocationOverride: honoured, sourceAuthOverride: honoured, gitCloneDepthOverride: honoured, gitSubmodulesConfigOverride: honoured,
    buildspecOverride: honoured, insecureSslOverride: honoured, environmentTypeOverride: honoured, imageOverride: honoured, computeTypeOverride: honoured, certificateOverride: honoured, cacheOverride: honoured,
    serviceRoleOverride: honoured, privilegedModeOverride: honoured, timeoutInMinutesOverride: honoured, queuedTimeoutInMinutesOverride: honoured, encryptionKeyOverride: honoured, idempotencyToken: honoured,
    logsConfigOverride: honoured, registryCredentialOverride: honoured, imagePullCredentialsTypeOverride: honoured, autoRetryLimitOverride: honoured,
    reportBuildStatusOverride: build({ sourceTypeOverride: 'GITHUB', sourceLocationOverride: repository.location, reportBuildStatusOverride: true }),
    buildStatusConfigOverride: build({ buildStatusConfigOverride: { context: 'x' } }),
    debugSessionEnabled: build({ debugSessionEnabled: true }),
    fleetOverride: build({ fleetOverride: { fleetArn: 'arn:aws:codebuild:us-east-1:000000000000:fleet/x' } }),
    hostKernelOverride: build({ hostKernelOverride: 'LINUX_KERNEL_6' }),
  },
  ProjectSource: {
    type: honoured, location: honoured, gitCloneDepth: honoured, gitSubmodulesConfig: honoured, buildspec: honoured, auth: honoured, insecureSsl: honoured, sourceIdentifier: honoured,
    reportBuildStatus: project({ source: { ...repository, reportBuildStatus: true } }),
    buildStatusConfig: project({ source: { ...repository, buildStatusConfig: { context: 'x' } } }),
  },
  GitSubmodulesConfig: { fetchSubmodules: honoured },
  SourceAuth: { type: honoured, resource: honoured },
  ProjectSourceVersion: { sourceIdentifier: honoured, sourceVersion: honoured },
  ProjectArtifacts: {
    type: honoured, location: honoured, path: honoured, namespaceType: honoured, name: honoured, packaging: honoured, overrideArtifactName: honoured, artifactIdentifier: honoured,
    encryptionDisabled: harmless('it leaves out the KMS key, of which there is none, and S3 encrypts with its own as on AWS'),
    bucketOwnerAccess: honoured,
  },
  ProjectEnvironment: {
    type: honoured, image: honoured, computeType: honoured, environmentVariables: honoured, privilegedMode: honoured, certificate: honoured, registryCredential: honoured,
    imagePullCredentialsType: harmless('a registry knows the registryCredential only, which needs SERVICE_ROLE'),
    fleet: environment({ fleet: { fleetArn: 'arn:aws:codebuild:us-east-1:000000000000:fleet/x' } }),
    computeConfiguration: environment({ computeConfiguration: { vCpu: 2 } }),
    dockerServer: environment({ dockerServer: { computeType: 'BUILD_GENERAL1_SMALL' } }),
    hostKernel: environment({ hostKernel: 'LINUX_KERNEL_6' }),
  },
  EnvironmentVariable: { name: honoured, value: honoured, type: honoured },
  RegistryCredential: { credential: honoured, credentialProvider: honoured },
  ProjectCache: { type: honoured, location: honoured, modes: honoured, cacheNamespace: honoured },
  Tag: { key: honoured, value: honoured },
  VpcConfig: { vpcId: harmless('see vpcConfig'), subnets: harmless('see vpcConfig'), securityGroupIds: harmless('see vpcConfig') },
  LogsConfig: { cloudWatchLogs: honoured, s3Logs: honoured },
  CloudWatchLogsConfig: { status: honoured, groupName: honoured, streamName: honoured },
  S3LogsConfig: { status: honoured, location: honoured, encryptionDisabled: harmless('as for artifacts'), bucketOwnerAccess: honoured },
};

const { shapes } = loadContract('codebuild');

/** The structures that are reached from one without going through what is refused. */
function reachable(name: string, found = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  const shape = shapes[name];
  if (shape?.type === 'list') return reachable(shape.member.shape, found);
  if (shape?.type !== 'structure' || found.has(name)) return found;
  found.set(name, Object.keys(shape.members));
  for (const [member, { shape: below }] of Object.entries(shape.members)) if (typeof members[name]?.[member] !== 'object') reachable(below, found);
  return found;
}

const refused = Object.entries(members).filter(([structure]) => structure !== 'UpdateProjectInput')
  .flatMap(([structure, table]) => Object.entries(table).flatMap(([member, how]) => (typeof how === 'string' ? [] : [[`${structure}.${member}`, member, how] as const])));

describe('The members of what projects and builds are made from', () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'dummy' });
    house = buildsOf(s);
    await house.project('any', { source: inline });
  });
  afterAll(() => s.stop());

  it.each(['CreateProjectInput', 'UpdateProjectInput', 'StartBuildInput'])('%s: each one is honoured, refused by name, or harmless for a reason', (input) => {
    for (const [structure, names] of reachable(input)) expect(Object.keys(members[structure] ?? {}).toSorted(), structure).toEqual([...names].toSorted());
  });

  it.each(refused)('%s: is refused by name', async (_path, member, how) => {
    const expected = { name: 'InvalidInputException', message: expect.stringMatching(new RegExp(`${member.replace('reportBuildStatusOverride', 'reportBuildStatus')}.* is not supported`)) };
    if ('build' in how) return void (await expect(house.start('any', how.build)).rejects.toMatchObject(expected));
    await expect(house.project('refused', how.project)).rejects.toMatchObject(expected);
    await expect(s.aws.codebuild.updateProject({ name: 'any', ...how.project })).rejects.toMatchObject(expected);
  });
});
