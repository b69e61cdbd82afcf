import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { uuidOf } from '../builds/build.ts';
import { buildsOf, buildspec, phase } from './house.ts';

const planted = { parameter: 'planted-parameter-8153', key: 'planted-key-"4407"', whole: 'planted-whole-2290', old: 'planted-old-6671' };

describe("A build's variables from Parameter Store and Secrets Manager", () => {
  let s: Slipway;
  let house: ReturnType<typeof buildsOf>;
  beforeAll(async () => {
    s = await Slipway.start({ runner: 'plain' });
    house = buildsOf(s);
    await s.aws.ssm.putParameter({ Name: '/app/token', Value: planted.parameter, Type: 'SecureString' });
    await s.aws.ssm.putParameter({ Name: 'plain', Value: 'first', Type: 'String' });
    await s.aws.ssm.putParameter({ Name: 'plain', Value: 'then', Type: 'String', Overwrite: true });
    await s.aws.secretsManager.createSecret({ Name: 'app/whole', SecretString: planted.old });
    await s.aws.secretsManager.putSecretValue({ SecretId: 'app/whole', SecretString: planted.whole });
    await s.aws.secretsManager.createSecret({ Name: 'app/json', SecretString: JSON.stringify({ password: planted.key, port: 5432 }) });
  });
  afterAll(() => s.stop());

  it('are read as the role, reach the commands, and are masked in the log', async () => {
    const { ARN } = await s.aws.secretsManager.describeSecret({ SecretId: 'app/json' });
    const environment = {
      type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL',
      environmentVariables: [
        { name: 'TOKEN', value: '/app/token', type: 'PARAMETER_STORE' }, { name: 'OLD_PLAIN', value: 'plain:1', type: 'PARAMETER_STORE' },
        { name: 'WHOLE', value: 'app/whole', type: 'SECRETS_MANAGER' }, { name: 'OLD', value: 'app/whole::AWSPREVIOUS', type: 'SECRETS_MANAGER' },
        { name: 'PASSWORD', value: `${ARN}:password`, type: 'SECRETS_MANAGER' }, { name: 'PORT', value: 'app/json:port::', type: 'SECRETS_MANAGER' }, { name: 'OPEN', value: 'seen', type: 'PLAINTEXT' },
      ],
    } as const;
    await house.project('vars', { environment: { ...environment, environmentVariables: [...environment.environmentVariables] }, source: { type: 'NO_SOURCE', buildspec: buildspec(['echo "$TOKEN $OLD_PLAIN $WHOLE $OLD $PASSWORD $PORT $OPEN"', 'printf %s "$TOKEN$OLD$WHOLE$PASSWORD" | sha256sum | cut -c 1-64']) } });
    const build = await house.run('vars');
    expect(await house.output(build)).toEqual(['*** first *** *** *** 5432 seen', createHash('sha256').update(planted.parameter + planted.old + planted.whole + planted.key).digest('hex')]);
    expect(build.environment!.environmentVariables).toContainEqual({ name: 'TOKEN', value: '/app/token', type: 'PARAMETER_STORE' });
    const [overridden] = await house.output(await house.run('vars', { environmentVariablesOverride: [{ name: 'TOKEN', value: 'plain', type: 'PARAMETER_STORE' }, { name: 'OPEN', value: '/app/token', type: 'PARAMETER_STORE' }] }));
    expect(overridden).toBe('then first *** *** *** 5432 ***');
  });

  it.each([
    ['PARAMETER_STORE', '/app/none', 'Decrypted Variables Error', 'parameter does not exist: /app/none'],
    ['SECRETS_MANAGER', 'app/none', 'Secrets Manager Error', "ResourceNotFoundException: Secrets Manager can't find the specified secret."],
    ['SECRETS_MANAGER', 'app/json:user', 'Secrets Manager Error', 'the secret app/json has no key user'],
    ['SECRETS_MANAGER', 'app/whole:user', 'Secrets Manager Error', 'the secret app/whole is not JSON: it has no key user'],
  ] as const)('of type %s that is not there (%s) fails DOWNLOAD_SOURCE', async (type, value, statusCode, message) => {
    const name = `${type}-${value.replaceAll(/\W/g, '')}`;
    await house.project(name);
    const build = await house.run(name, { environmentVariablesOverride: [{ name: 'X', value, type }] });
    expect(build.buildStatus).toBe('FAILED');
    expect(phase(build, 'DOWNLOAD_SOURCE')).toMatchObject({ phaseStatus: 'FAILED', contexts: [{ statusCode, message }] });
    expect((await house.log(build)).at(-1)).toContain(`Phase context status code: ${statusCode} Message: ${message}`);
  });

  it('fail DOWNLOAD_SOURCE when the role may not read them', async () => {
    const scribe = await s.role('scribe', 'codebuild.amazonaws.com', { Action: 'logs:*', Resource: '*' });
    await house.project('forbidden', { serviceRole: scribe });
    const noParameter = await house.run('forbidden', { environmentVariablesOverride: [{ name: 'X', value: '/app/token', type: 'PARAMETER_STORE' }] });
    expect(phase(noParameter, 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'Decrypted Variables Error', message: expect.stringMatching(/^AccessDeniedException: User: .* is not authorized to perform: ssm:GetParameters on resource: .*parameter\/app\/token/) });
    const noSecret = await house.run('forbidden', { environmentVariablesOverride: [{ name: 'X', value: 'app/whole', type: 'SECRETS_MANAGER' }] });
    expect(phase(noSecret, 'DOWNLOAD_SOURCE')!.contexts![0]).toMatchObject({ statusCode: 'Secrets Manager Error', message: expect.stringMatching(/^AccessDeniedException: .*secretsmanager:GetSecretValue/) });
  });

  it('are on the disk nowhere but in what its shell remembers, while the build has them', async () => {
    await house.project('holding', { source: { type: 'NO_SOURCE', buildspec: buildspec(['echo "$TOKEN $WHOLE"', 'until [ -e go ]; do sleep 0.05; done']) } });
    const id = await house.start('holding', { environmentVariablesOverride: [{ name: 'TOKEN', value: '/app/token', type: 'PARAMETER_STORE' }, { name: 'WHOLE', value: 'app/whole', type: 'SECRETS_MANAGER' }] });
    await s.until(({ detail }) => String(detail['build-id']).endsWith(id) && detail['completed-phase'] === 'PRE_BUILD');
    const shown = JSON.stringify([await house.build(id), await s.aws.codebuild.batchGetProjects({ names: ['holding'] })]);
    const found: string[] = [];
    let source: string | undefined;
    for (const entry of await readdir(s.data, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory() && /\/src\d+$/.test(entry.parentPath) && entry.name === 'src') source = join(entry.parentPath, entry.name);
      // The shell's own variables, kept from one command to the next in a folder that only their owner may enter.
      if (!entry.isFile() || (entry.name === 'env' && basename(entry.parentPath) === 'state')) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
      for (const secret of Object.values(planted)) if (bytes.includes(secret)) found.push(`${secret} in ${entry.name}`);
    }
    const { mode } = await stat(join(s.data, 'builds', uuidOf(id)));
    await writeFile(join(source!, 'go'), '');
    expect((await house.ended(id)).buildStatus).toBe('SUCCEEDED');
    expect(found).toEqual([]);
    expect(mode & 0o077).toBe(0);
    for (const secret of Object.values(planted)) expect(shown).not.toContain(secret);
  });

  it('are nowhere on the disk and in no event once the builds are over', async () => {
    const files = (await readdir(s.data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const file of files) {
      const bytes = await readFile(join(file.parentPath, file.name));
      for (const secret of Object.values(planted)) expect(bytes.includes(secret), `${secret} in ${file.name}`).toBe(false);
    }
    for (const secret of Object.values(planted)) expect(JSON.stringify(s.events)).not.toContain(secret);
  });
});
