import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretForms } from '../../../../../builder/src/masks/forms.ts';
import { sandboxRunner } from '../../../../../builder/src/runners/sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from '../../../../../builder/src/runners/testing/engines.ts';
import { startRegistry } from '../../../../../builder/src/runners/testing/registry.ts';
import { uuidOf } from '../builds/build.ts';
import { git, gitServer } from './git-server.ts';
import { buildspec } from './house.ts';
import { logOf, makeRole, rootKey, startProgram, until } from './program.ts';
import { sampleProcesses, type Sample } from './samples.ts';

const engines = await testEngines();
const sandbox = (await sandboxRunner.unavailable()) === undefined;
const compute = { type: 'LINUX_CONTAINER', computeType: 'BUILD_GENERAL1_SMALL' } as const;
const curated = { ...compute, image: 'aws/codebuild/standard:7.0' };
const places = [
  { name: 'as plain processes', settings: { SLIPWAY_RUNNER: 'plain' }, environment: curated, socket: undefined },
  ...(sandbox ? [{ name: 'in a sandbox', settings: { SLIPWAY_RUNNER: 'sandbox' }, environment: curated, socket: undefined }] : []),
  ...engines.map(({ name, socket }) => ({ name: `in a container of ${name}`, settings: { SLIPWAY_RUNNER: 'auto', SLIPWAY_CONTAINER_SOCKET: socket }, environment: { ...compute, image: BASH_IMAGE }, socket })),
];
if (engines.length === 0) it.skip('secrets of builds in containers (no engine was found; TEST_ENGINES names sockets)');

/** Of characters that no encoding leaves as they are. */
const plant = (what: string): string => `${what}-"${randomBytes(6).toString('hex')}"/+ö&${randomBytes(6).toString('hex')}`;
const token = (what: string): string => `${what}_${randomBytes(12).toString('hex')}`;

describe('What is secret', () => {
  let folder: string;
  let remote: Awaited<ReturnType<typeof gitServer>>;
  const imported = token('imported');
  beforeAll(async () => {
    for (const engine of engines) await makeTestImages(engine);
    folder = await mkdtemp(join(tmpdir(), 'slipway-secrets-'));
    git(folder, 'init', '-q', '--bare', '-b', 'main', 'app.git');
    mkdirSync(join(folder, 'team'));
    git(folder, 'clone', '-q', '--bare', join(folder, 'app.git'), 'team/app.git');
    git(folder, 'clone', '-q', join(folder, 'team/app.git'), 'work');
    writeFileSync(join(folder, 'work/readme'), 'x'.repeat(2_000_000));
    git(join(folder, 'work'), 'add', '.');
    git(join(folder, 'work'), 'commit', '-qm', 'one');
    git(join(folder, 'work'), 'push', '-q', 'origin', 'HEAD:main');
    remote = await gitServer(folder, `x-access-token:${imported}`);
  }, 120_000);
  afterAll(async () => {
    await remote.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(places)('is in no file, log, answer, command line or environment outside of the build that has it, $name', async ({ settings, environment, socket }) => {
    const data = await mkdtemp(join(tmpdir(), 'slipway-planted-'));
    const secrets: Record<string, string> = { parameter: plant('parameter'), json: plant('json'), whole: plant('whole'), imported, registry: token('registry'), root: rootKey.secretAccessKey };
    const samples = sampleProcesses();
    const server = await startProgram(data, { ...settings, SLIPWAY_ALLOW_ENDPOINTS: 'loopback' });
    const { aws } = server;
    const answers: string[] = [];
    const registry = await startRegistry({ username: 'somebody', password: secrets['registry']! });
    try {
      const serviceRole = await makeRole(aws);
      await aws.ssm.putParameter({ Name: '/app/token', Value: secrets['parameter'], Type: 'SecureString' });
      await aws.secretsManager.createSecret({ Name: 'app/json', SecretString: JSON.stringify({ password: secrets['json'] }) });
      await aws.secretsManager.createSecret({ Name: 'app/whole', SecretString: secrets['whole'] });
      const { ARN } = await aws.secretsManager.createSecret({ Name: 'app/registry', SecretString: JSON.stringify({ username: 'somebody', password: secrets['registry'] }) });
      await aws.codebuild.importSourceCredentials({ serverType: 'GITHUB_ENTERPRISE', authType: 'PERSONAL_ACCESS_TOKEN', token: imported });
      const commands = [
        'echo "$PARAMETER"; echo "$JSON"; echo "$WHOLE"; printf %s "$WHOLE" | base64',
        'wget -q -O keys --header "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"', 'printf %s "$AWS_CONTAINER_AUTHORIZATION_TOKEN" > token',
        'touch password; if command -v git >/dev/null; then printf "protocol=http\\nhost=%s\\npath=v1/repos/app\\n\\n" "${AWS_ENDPOINT_URL#http://}" | git credential fill > password; fi',
        'mv token ready; until [ -e go ]; do sleep 0.1; done',
      ];
      const variables = [{ name: 'PARAMETER', value: '/app/token', type: 'PARAMETER_STORE' }, { name: 'JSON', value: 'app/json:password', type: 'SECRETS_MANAGER' }, { name: 'WHOLE', value: 'app/whole', type: 'SECRETS_MANAGER' }] as const;
      await aws.codebuild.createProject({
        name: 'app', serviceRole, artifacts: { type: 'NO_ARTIFACTS' }, environment: { ...environment, environmentVariables: [...variables] },
        source: { type: 'GITHUB_ENTERPRISE', location: `${remote.url}/team/app.git`, buildspec: buildspec(commands, 'env:\n  git-credential-helper: yes\n') },
      });
      const id = (await aws.codebuild.startBuild({ projectName: 'app' })).build!.id!;
      const own = join(data, 'builds', uuidOf(id));
      const source = await until(async () => {
        const [build] = (await aws.codebuild.batchGetBuilds({ ids: [id] })).builds!;
        if (build!.buildComplete) throw new Error(`The build has ended: ${JSON.stringify(build!.phases)}\n${(await logOf(aws, id)).join('\n')}`);
        return files(own).find((path) => path.endsWith('/ready'));
      }).then((path) => path.slice(0, -'/ready'.length));
      // What only the build was given.
      secrets['token'] = readFileSync(join(source, 'ready'), 'utf8');
      const keys = JSON.parse(readFileSync(join(source, 'keys'), 'utf8')) as { SecretAccessKey: string; Token: string };
      Object.assign(secrets, { key: keys.SecretAccessKey, session: keys.Token });
      const password = /^password=(.+)$/m.exec(readFileSync(join(source, 'password'), 'utf8'))?.[1];
      if (socket === undefined) expect(password).toBeDefined();
      if (password !== undefined) secrets['password'] = password;
      secrets['master'] = readFileSync(masterKeyOf(data), 'utf8').trim();
      // Its own files and what its shell remembers are the build's.
      const during = look(data, secrets, (path) => path.startsWith(join(own, 'codebuild')) || path === join(own, 'state/env'));
      if (socket !== undefined) await pullPrivate();
      writeFileSync(join(source, 'go'), '');
      await until(async () => (await aws.codebuild.batchGetBuilds({ ids: [id] })).builds![0]!.buildComplete);
      const log = await logOf(aws, id);
      expect(log.filter((line) => line.includes('***')).length).toBeGreaterThanOrEqual(4);
      const { seen, rounds } = await samples.taken();
      answers.push(
        log.join('\n'), JSON.stringify(await Promise.all([
          aws.codebuild.batchGetBuilds({ ids: [id] }), aws.codebuild.batchGetProjects({ names: ['app'] }), aws.codebuild.listSourceCredentials({}), aws.secretsManager.describeSecret({ SecretId: 'app/whole' }),
          aws.secretsManager.listSecrets({}), aws.ssm.describeParameters({}), aws.ssm.getParameter({ Name: '/app/token' }), aws.iam.getRole({ RoleName: 'builder' }),
        ])),
      );
      await server.kill('SIGTERM');
      answers.push(server.said());
      expect(during).toEqual([]);
      expect(look(data, secrets, () => false)).toEqual([]);
      for (const [name, forms] of formsOf(secrets)) expect(answers.some((answer) => forms.some((form) => answer.includes(form))), `${name} in an answer`).toBe(false);
      // The root key came to the server by its environment, which a child has too until it becomes its own program.
      const itself = seen.find(({ pid }) => pid === server.pid);
      const isServer = ({ command, environment: variablesOf }: Sample): boolean => command === itself?.command && variablesOf === itself.environment;
      const found = seen.flatMap((one) => formsOf(secrets).filter(([name, forms]) => !(name === 'root' && isServer(one)) && forms.some((form) => one.command.includes(form) || one.environment.includes(form))).map(([name]) => `${name} in ${one.command.replaceAll('\0', ' ')}`));
      expect([...new Set(found)]).toEqual([]);
      expect(rounds).toBeGreaterThan(10);

      async function pullPrivate(): Promise<void> {
        await aws.codebuild.createProject({
          name: 'private', serviceRole, artifacts: { type: 'NO_ARTIFACTS' }, source: { type: 'NO_SOURCE', buildspec: buildspec(['true']) },
          environment: { ...compute, image: `${registry.host}/team/none:1`, registryCredential: { credential: ARN!, credentialProvider: 'SECRETS_MANAGER' }, imagePullCredentialsType: 'SERVICE_ROLE' },
        });
        const pulling = (await aws.codebuild.startBuild({ projectName: 'private' })).build!.id!;
        const ended = await until(async () => (await aws.codebuild.batchGetBuilds({ ids: [pulling] })).builds!.find(({ buildComplete }) => buildComplete));
        answers.push(JSON.stringify(ended));
      }
    } finally {
      registry.close();
      await server.kill('SIGKILL');
      await rm(data, { recursive: true, force: true });
    }
  }, 120_000);
});

const formsOf = (secrets: Readonly<Record<string, string>>): [string, string[]][] => Object.entries(secrets).map(([name, secret]) => [name, secretForms(secret)]);

const masterKeyOf = (data: string): string => join(data, 'keys', 'master.key');

function files(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // It changes while we look.
    return [];
  }
}

/** Which secrets lie where in the data folder; the files that hold one because that is what they are for do not count. */
function look(data: string, secrets: Readonly<Record<string, string>>, mayHold: (path: string) => boolean): string[] {
  return files(data).filter((path) => !mayHold(path)).flatMap((path) => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      return [];
    }
    const holds = path === masterKeyOf(data) ? 'master' : path.startsWith(join(data, 'keys')) ? 'root' : undefined;
    return formsOf(secrets).filter(([name, forms]) => name !== holds && forms.some((form) => bytes.includes(form))).map(([name]) => `${name} in ${path.slice(data.length)}`);
  });
}
