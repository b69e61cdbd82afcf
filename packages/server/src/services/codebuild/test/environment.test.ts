import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { buildsOf, buildspec, phase, phaseNames } from './house.ts';

describe("A build's environment", () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    await s.aws.s3.createBucket({ Bucket: 'store' });
  });
  afterAll(() => s.stop());

  const linux = { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' } as const;

  it('ListCuratedEnvironmentImages: says what this machine has', async () => {
    const { platforms } = await s.aws.codebuild.listCuratedEnvironmentImages({});
    expect(platforms).toHaveLength(1);
    const languages = platforms![0]!.languages!;
    expect(languages[0]).toMatchObject({ language: 'BASE', images: [{ name: 'aws/codebuild/standard:7.0', description: expect.stringContaining('own system') }] });
    expect(languages.find(({ language }) => language === 'NODE_JS')!.images![0]!.description).toContain(process.versions.node);
  });

  it.each(['WINDOWS_SERVER_2022_CONTAINER', 'LINUX_GPU_CONTAINER', 'LINUX_LAMBDA_CONTAINER', 'MAC_ARM', 'ARM_CONTAINER'] as const)('CreateProject: the type %s is refused by name', async (type) => {
    await expect(house.project('other', { environment: { ...linux, type } })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining(type) });
  });

  it.each([
    ['fleet', { environment: { ...linux, fleet: { fleetArn: 'arn:aws:codebuild:us-east-1:000000000000:fleet/f' } } }], ['buildBatchConfig', { buildBatchConfig: { serviceRole: 'arn:aws:iam::000000000000:role/x' } }],
    ['badgeEnabled', { badgeEnabled: true }], ['fileSystemLocations', { fileSystemLocations: [{ type: 'EFS', location: 'x:/', mountPoint: '/x', identifier: 'x' }] }],
  ] as const)('CreateProject: %s is refused by name', async (name, more) => {
    await expect(house.project('other', structuredClone(more) as never)).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining(name) });
  });

  it.each([
    ['fleetOverride', { fleetOverride: { fleetArn: 'x' } }], ['hostKernelOverride', { hostKernelOverride: 'LINUX_KERNEL_6' }], ['debugSessionEnabled', { debugSessionEnabled: true }],
    ['buildStatusConfigOverride', { buildStatusConfigOverride: { context: 'x' } }], ['reportBuildStatus', { sourceTypeOverride: 'GITHUB', sourceLocationOverride: 'https://github.com/a/b', reportBuildStatusOverride: true }],
  ] as const)('StartBuild: %s is refused by name', async (name, more) => {
    const project = `refusing-${name}`;
    await house.project(project);
    await expect(house.start(project, more as never)).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining(name) });
  });

  it('CreateProject: secondary sources without names, or with the same one, are refused', async () => {
    const source = { type: 'S3' as const, location: 'store/a.zip' };
    for (const secondarySources of [[source], [{ ...source, sourceIdentifier: 'a' }, { ...source, sourceIdentifier: 'a' }], [{ ...source, sourceIdentifier: 'a/b' }]]) {
      await expect(house.project('no', { secondarySources })).rejects.toMatchObject({ name: 'InvalidInputException', message: expect.stringContaining('sourceIdentifier') });
    }
  });

  it('with a vpcConfig runs, and its log says that this is no network here', async () => {
    const vpcConfig = { vpcId: 'vpc-12345678', subnets: ['subnet-1'], securityGroupIds: ['sg-1'] };
    await house.project('vpc', { vpcConfig });
    const build = await house.run('vpc');
    expect(build).toMatchObject({ buildStatus: 'SUCCEEDED', vpcConfig });
    expect((await house.log(build)).join('\n')).toContain("vpcConfig (vpc-12345678) is no network of this installation");
  });

  it('trusts the certificate that it names, and fails in DOWNLOAD_SOURCE when there is none', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    await s.aws.s3.putObject({ Bucket: 'store', Key: 'ca.pem', Body: pem });
    await house.project('trusting', { environment: { ...linux, certificate: 'arn:aws:s3:::store/ca.pem' }, source: { type: 'NO_SOURCE', buildspec: buildspec(['head -n 2 "$NODE_EXTRA_CA_CERTS"']) } });
    expect(await house.output(await house.run('trusting'))).toEqual(pem.split('\n').slice(0, 2));
    const none = await house.run('trusting', { certificateOverride: 'arn:aws:s3:::store/none.pem' });
    expect(phase(none, 'DOWNLOAD_SOURCE')!.contexts![0]!.message).toContain('NoSuchKey');
  });

  it('of another image needs a container engine, and says so in PROVISIONING', async () => {
    await house.project('image', { environment: { ...linux, image: 'docker.io/library/busybox' } });
    const build = await house.run('image');
    expect(phaseNames(build)).toContain('PROVISIONING FAILED');
    expect(phase(build, 'PROVISIONING')!.contexts![0]!.message).toContain('needs a container engine');
  });

  it('honours what the buildspec asks of the server: secrets, prefixes, retries', async () => {
    await s.aws.ssm.putParameter({ Name: '/app/word', Value: 'planted-word', Type: 'SecureString' });
    await s.aws.secretsManager.createSecret({ Name: 'app', SecretString: '{"key":"planted-key"}' });
    const text = 'version: 0.2\nenv:\n  parameter-store:\n    WORD: /app/word\n    HIDDEN: /app/none\n  secrets-manager:\n    KEY: app:key\n  exported-variables: [WORD]\nphases:\n  build:\n    commands:\n      - echo "$WORD $KEY $HIDDEN" > out\n      - echo "$WORD $KEY"\nartifacts:\n  files: [out]\n  s3-prefix: deep/er\n  name: n\n';
    await house.project('asking', { source: { type: 'NO_SOURCE', buildspec: text }, artifacts: { type: 'S3', location: 'store', path: 'not-here', namespaceType: 'BUILD_ID', name: 'n', packaging: 'NONE' } });
    const build = await house.run('asking', { environmentVariablesOverride: [{ name: 'HIDDEN', value: 'seen' }] });
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(await house.output(build)).toEqual(['*** ***']);
    expect(build.exportedEnvironmentVariables).toEqual([]);
    expect((await house.object('store', `deep/er/${build.id!.split(':')[1]}/n/out`)).toString()).toBe('planted-word planted-key seen\n');
    await house.project('again', { source: { type: 'NO_SOURCE', buildspec: 'version: 0.2\nphases:\n  build:\n    on-failure: RETRY-1\n    commands:\n      - exit 4\n' } });
    const first = await house.run('again');
    expect(first.autoRetryConfig).toMatchObject({ autoRetryLimit: 1, autoRetryNumber: 0, nextAutoRetry: expect.any(String) });
    const second = await house.ended(first.autoRetryConfig!.nextAutoRetry!.replace(/^.*:build\//, ''));
    expect(second.autoRetryConfig!.autoRetryNumber).toBe(1);
    expect(second.autoRetryConfig!.nextAutoRetry).toBeUndefined();
  });
});
