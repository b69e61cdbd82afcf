import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';
import { fillBusybox, importImage, testEngines, type TestEngine } from '../../../../../builder/src/runners/testing/engines.ts';
import { forgetImage, pushTo, startRegistry, type TestRegistry } from '../../../../../builder/src/runners/testing/registry.ts';
import { buildsOf, buildspec, phase } from './house.ts';

// Podman takes plain HTTP only from registries that its configuration names.
const engines = (await testEngines()).filter(({ name }) => name !== 'Podman' || process.env['TEST_REGISTRY_PORTS'] !== undefined);
if (engines.length === 0) it.skip('images of registries (no engine was found; TEST_ENGINES names sockets)');

const auth = { username: 'somebody', password: 'planted-registry-password' };
const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const source = { type: 'NO_SOURCE', buildspec: buildspec(['cat /version']) } as const;

describe.each(engines)('The image of a build, by $name', (engine) => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  let registry: TestRegistry;
  let open: TestRegistry;
  let image: string;
  const local = 'localhost/slipway-test/versioned:latest';
  const open1 = () => `${open.host}/team/open:1`;

  beforeAll(async () => {
    registry = await startRegistry(auth);
    open = await startRegistry();
    image = `${registry.host}/team/private:1`;
    await publish('one');
    s = await Slipway.start({ runner: 'container', settings: { SLIPWAY_CONTAINER_SOCKET: engine.socket } });
    house = buildsOf(s);
    await s.aws.secretsManager.createSecret({ Name: 'registry', SecretString: JSON.stringify(auth) });
    await house.project('trusted', { source, environment: { ...compute, image, imagePullCredentialsType: 'SERVICE_ROLE', registryCredential: { credential: 'registry', credentialProvider: 'SECRETS_MANAGER' } } });
    await house.project('stranger', { source, environment: { ...compute, image } });
  }, 120_000);
  afterAll(async () => {
    await s.stop();
    for (const each of [image, open1(), local]) await forgetImage(engine.socket, each);
    registry.close();
    open.close();
  });

  /** Puts an image that says this into both registries and leaves the engine without it. */
  async function publish(text: string): Promise<void> {
    await makeImage(engine, local, text);
    await pushTo(engine, registry, image, local, auth);
    await pushTo(engine, open, open1(), local);
  }

  const failure = async (project: string, more: Parameters<typeof house.run>[1] = {}) => phase(await house.run(project, more), 'PROVISIONING')?.contexts?.[0];

  it('of a private registry is for builds with credentials, also when the engine has it for another', async () => {
    expect(await failure('stranger')).toMatchObject({ statusCode: 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE' });
    const build = await house.run('trusted');
    expect(await house.output(build)).toEqual(['one']);
    expect(await failure('stranger')).toMatchObject({ statusCode: 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE' });
    // The id under which the engine has it is nobody's name for it.
    expect(JSON.stringify(build)).not.toContain('planted-');
  }, 120_000);

  it('is current: what a tag means is asked for each build', async () => {
    await publish('two');
    expect(await house.output(await house.run('trusted'))).toEqual(['two']);
  }, 120_000);

  it("of another registry, named by StartBuild, is asked for without the project's credentials, and with its own", async () => {
    const before = open.asked.length;
    expect(await house.output(await house.run('trusted', { imageOverride: open1() }))).toEqual(['two']);
    expect(await failure('trusted', { imageOverride: `${open.host}/team/none:1` })).toMatchObject({ message: expect.stringContaining(`The project's registryCredential is for the registry of ${image} and was not sent`) });
    expect(open.asked.length).toBeGreaterThan(before);
    expect(open.asked.filter((header) => header !== undefined)).toEqual([]);
    const registryCredentialOverride = { credential: 'registry', credentialProvider: 'SECRETS_MANAGER' } as const;
    expect(await house.output(await house.run('stranger', { registryCredentialOverride, imagePullCredentialsTypeOverride: 'SERVICE_ROLE' }))).toEqual(['two']);
  }, 120_000);

  it('that the engine has is used where its registry does not answer, which the log says; one that was private is not', async () => {
    const { host } = open;
    await house.project('offline', { source, environment: { ...compute, image: open1() } });
    open.close();
    registry.close();
    const build = await house.run('offline');
    expect(await house.output(build)).toEqual(['two']);
    expect((await house.log(build)).join('\n')).toContain(`The registry does not give the image ${host}/team/open:1, so the copy is used`);
    expect(await failure('trusted')).toMatchObject({ statusCode: 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE' });
    expect(await failure('stranger')).toMatchObject({ statusCode: 'BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE' });
  }, 120_000);

  it('made here, below localhost, is nobody else\'s to give', async () => {
    await house.project('made-here', { source, environment: { ...compute, image: local } });
    const build = await house.run('made-here');
    expect(await house.output(build)).toEqual(['two']);
    expect((await house.log(build)).join('\n')).not.toContain('The registry does not give');
    expect(await failure('made-here', { imageOverride: 'localhost/slipway-test/nobody-made-this' })).toMatchObject({ message: expect.stringContaining('of this machine alone') });
  }, 120_000);
});

async function makeImage(engine: TestEngine, name: string, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-image-'));
  try {
    await fillBusybox(folder);
    await writeFile(join(folder, 'version'), `${text}\n`);
    await importImage(engine, folder, name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
