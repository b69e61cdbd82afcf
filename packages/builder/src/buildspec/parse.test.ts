import { describe, expect, test } from 'vitest';
import { BuildspecError } from './error.ts';
import { HOST_KEYS } from './keys.ts';
import { parseBuildspec } from './parse.ts';
import type { ParseOptions } from './parse.ts';
import { secretReference } from './secrets.ts';

function refusal(text: string, options: ParseOptions = {}): BuildspecError {
  try {
    parseBuildspec(text, options);
  } catch (error) {
    if (error instanceof BuildspecError) return error;
    throw error;
  }
  throw new Error('the buildspec was accepted');
}

const minimal = 'version: 0.2\nphases:\n  build:\n    commands:\n      - true\n';

describe('a buildspec', () => {
  test('is read whole: variables, phases, finally, on-failure, artifacts', () => {
    const spec = parseBuildspec([
      'version: 0.2', 'run-as: root', 'env:', '  shell: bash', '  variables:', '    A: 1.10', '    B: yes', '    C:', '  exported-variables:', '    - TAG',
      'phases:', '  install:', '    on-failure: CONTINUE', '    commands:', '      - echo "a:b"', '      - |', '        x=1', '        echo $x', '    finally:', '      - echo done',
      'artifacts:', "  files: '**/*'", '  discard-paths: yes', '  base-directory: dist', '  name: site-$(date +%F)', '  secondary-artifacts:', '    docs:', '      files:', '        - docs/**/*',
    ].join('\n'));
    expect(spec).toEqual({
      version: '0.2', runAs: 'root', shell: 'bash', variables: { A: '1.10', B: 'yes', C: '' }, exportedVariables: ['TAG'],
      parameterStore: {}, secretsManager: {}, gitCredentialHelper: false, proxy: { uploadArtifacts: false, logs: false }, runtimeVersions: {},
      phases: { install: { commands: ['echo "a:b"', 'x=1\necho $x\n'], finally: ['echo done'], onFailure: 'CONTINUE' } },
      artifacts: { files: ['**/*'], excludePaths: [], discardPaths: true, enableSymlinks: false, baseDirectory: 'dist', name: 'site-$(date +%F)' },
      secondaryArtifacts: { docs: { files: ['docs/**/*'], excludePaths: [], discardPaths: false, enableSymlinks: false } },
    });
  });

  test('may use anchors, aliases and merge keys', () => {
    const spec = parseBuildspec('version: 0.2\nphases:\n  install: &common\n    commands: [echo one]\n    finally: [echo two]\n  build:\n    <<: *common\n    commands: [echo three]\n');
    expect(spec.phases.build).toEqual({ commands: ['echo three'], finally: ['echo two'] });
  });

  test('of version 0.1 names its variables environment_variables.plaintext', () => {
    expect(parseBuildspec('version: 0.1\nenvironment_variables:\n  plaintext:\n    A: b\nphases:\n  build:\n    commands: [env]\n').variables).toEqual({ A: 'b' });
  });

  test('a command that YAML reads as a boolean stays the text it was', () => {
    expect(parseBuildspec(minimal).phases.build?.commands).toEqual(['true']);
  });
});

const parse = (text: string) => parseBuildspec(text, { honours: HOST_KEYS });

describe('what the host honours', () => {
  test('is read where the host says so: parameters, secrets, caches, prefixes', () => {
    const spec = parse(`${minimal}env:\n  parameter-store:\n    P: /app/p\n  secrets-manager:\n    S: prod/db:password\n  git-credential-helper: yes\nproxy:\n  upload-artifacts: yes\n  logs: no\ncache:\n  key: k-$(codebuild-hash-files a)\n  fallback-keys: [k-]\n  action: restore\n  paths: ['/root/.m2/**/*', node_modules/**/*]\nartifacts:\n  files: ['**/*']\n  enable-symlinks: yes\n  s3-prefix: p/q\n`);
    expect(spec).toMatchObject({
      parameterStore: { P: '/app/p' }, secretsManager: { S: 'prod/db:password' }, gitCredentialHelper: true, proxy: { uploadArtifacts: true, logs: false },
      cache: { key: 'k-$(codebuild-hash-files a)', fallbackKeys: ['k-'], action: 'restore', paths: ['/root/.m2/**/*', 'node_modules/**/*'] },
      artifacts: { enableSymlinks: true, s3Prefix: 'p/q' },
    });
  });

  test.each([
    ['RETRY', 3, '.*'], ['RETRY-4', 4, '.*'], ['RETRY-0', 0, '.*'], ['RETRY-100', 100, '.*'], ['RETRY-.*Error: Unable to connect to database.*', 3, '.*Error: Unable to connect to database.*'],
    ['RETRY-invalid+', 3, 'invalid+'], ['RETRY-3-.*connection timed out.*', 3, '.*connection timed out.*'], ['RETRY-8-invalid+', 8, 'invalid+'],
  ])('on-failure: %s is %d retries for %j', (text, count, pattern) => {
    expect(parse(`version: 0.2\nphases:\n  build:\n    on-failure: "${text}"\n    commands: [a]\n`).phases.build?.onFailure).toEqual({ action: 'RETRY', count, pattern });
  });

  test.each([
    ['prod/db', { secretId: 'prod/db' }], ['prod/db:user', { secretId: 'prod/db', jsonKey: 'user' }], ['s::AWSPREVIOUS', { secretId: 's', versionStage: 'AWSPREVIOUS' }], ['s:k::v1', { secretId: 's', jsonKey: 'k', versionId: 'v1' }],
    ['arn:aws:secretsmanager:us-east-1:123456789012:secret:s-AbCdEf:k', { secretId: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:s-AbCdEf', jsonKey: 'k' }],
  ])('the secret %s', (text, reference) => {
    expect(secretReference(text)).toEqual(reference);
  });
});

describe('a refused buildspec', () => {
  test('with a YAML syntax error names file, line and column', () => {
    const error = refusal('version: 0.2\nphases:\n  build:\n    commands:\n      - "unclosed\n');
    expect(error.line).toBeGreaterThanOrEqual(5);
    expect(error.message).toMatch(/YAML syntax error: .*\(buildspec\.yml, line \d+, column \d+\)/);
    expect(error.statusCode).toBe('YAML_FILE_ERROR');
  });

  test('with an unknown phase lists the phases', () => {
    const error = refusal('version: 0.2\nphases:\n  deploy:\n    commands: [a]\n');
    expect(error).toMatchObject({ line: 3, column: 3, key: 'phases.deploy', accepted: ['install', 'pre_build', 'build', 'post_build'] });
    expect(error.message).toContain('Unknown phase "deploy"');
  });

  test('with an unknown key lists the accepted ones', () => {
    const error = refusal('version: 0.2\nphases:\n  build:\n    comands: [a]\n');
    expect(error).toMatchObject({ line: 4, column: 5, key: 'phases.build.comands' });
    expect(error.accepted).toContain('commands');
  });

  test.each([
    ['batch', 'batch:\n  fast-fail: true\n'], ['reports', 'reports:\n  r:\n    files: [a]\n'], ['cache', 'cache:\n  paths: [a]\n'],
    ['parameter-store', 'env:\n  parameter-store:\n    A: b\n'], ['secrets-manager', 'env:\n  secrets-manager:\n    A: b\n'],
    ['s3-prefix', 'artifacts:\n  files: [a]\n  s3-prefix: x\n'],
  ])('that asks for %s says that Slipway does not support it yet, and where', (key, text) => {
    const error = refusal(minimal + text);
    expect(error.message).toContain(`"${key}"`);
    expect(error.message).toContain('not supported by Slipway yet');
    expect(error.line).toBeGreaterThan(5);
  });

  test('an unsupported key without a value asks for nothing and passes', () => {
    expect(() => parseBuildspec(`${minimal}cache:\nreports: {}\n`)).not.toThrow();
  });

  test('whose command is a mapping says so as AWS does', () => {
    const error = refusal('version: 0.2\nphases:\n  build:\n    commands:\n      - ok\n      - echo a: b\n');
    expect(error).toMatchObject({ line: 6, key: 'phases.build.commands[1]' });
    expect(error.message).toContain('Expected Commands[1] to be of string type: found subkeys instead');
  });

  test('without version, with a foreign version, without phases', () => {
    expect(refusal('phases: {}\n').message).toContain('no version');
    expect(refusal('version: 0.3\n')).toMatchObject({ line: 1, column: 10 });
    expect(refusal('version: 0.2\n').message).toContain('no phases');
  });

  test('that asks for a runtime which the environment does not have names the ones it has', () => {
    const text = 'version: 0.2\nphases:\n  install:\n    runtime-versions:\n      nodejs: 18\n    commands: [a]\n';
    const runtimes = { nodejs: [{ version: '20.20.2', program: '/usr/bin/node' }, { version: '22.1.0', program: '/opt/node22/bin/node' }], java: [{ version: '17.0.9', program: '/usr/bin/java' }] };
    expect(refusal(text, { runtimes })).toMatchObject({ line: 5, accepted: ['nodejs: 20.20.2', 'nodejs: 22.1.0'] });
    expect(refusal(text, { runtimes }).message).toContain("Unknown runtime version named '18' of nodejs. This build environment has the following versions: 20.20.2, 22.1.0");
    expect(refusal(text.replace('nodejs: 18', 'cobol: 85'), { runtimes }).message).toContain("Unknown runtime named 'cobol'. This build environment has the following runtimes: nodejs, java");
    for (const wanted of ['nodejs: 20', 'nodejs: 22.x', 'nodejs: latest', 'nodejs: $NODE', 'java: corretto17', 'java: openjdk17.x', 'nodejs:']) {
      expect(() => parseBuildspec(text.replace('nodejs: 18', wanted), { runtimes })).not.toThrow();
    }
    expect(parseBuildspec(text).runtimeVersions).toEqual({ nodejs: '18' });
  });

  test('that retries on failure is refused where nobody retries', () => {
    expect(refusal('version: 0.2\nphases:\n  build:\n    on-failure: RETRY-3\n    commands: [a]\n')).toMatchObject({ line: 4, key: 'phases.build.on-failure' });
  });

  test.each(['RETRY-101', 'RETRY-3-(', 'RETRY-', 'retry', 'RETRY3'])('that says on-failure: %s is told what would be accepted', (text) => {
    expect(refusal(`version: 0.2\nphases:\n  build:\n    on-failure: ${text}\n    commands: [a]\n`, { honours: HOST_KEYS }).accepted).not.toEqual([]);
  });

  test.each([
    ['env:\n  parameter-store:\n    A:\n', 'names no parameter'], ['env:\n  secrets-manager:\n    A: a:b:c:d:e\n', 'names no secret'],
    ['cache:\n  paths: [a]\n  action: delete\n', 'Unknown action'], ['cache:\n  key: a\n  fallback-keys: [a, b, c, d, e, f]\n', 'fallback keys'], ['proxy:\n  logs: perhaps\n', 'yes or no'],
  ])('that says %j is told why', (text, why) => {
    expect(refusal(minimal + text, { honours: HOST_KEYS }).message).toContain(why);
  });

  test('built of anchors that multiply is stopped', () => {
    let bomb = '{ k: v }';
    for (let level = 0; level < 8; level += 1) bomb = `{ <<: [&a${level} ${bomb}${`, *a${level}`.repeat(9)}] }`;
    expect(refusal(`version: 0.2\nenv:\n  variables: ${bomb}\nphases:\n  build:\n    commands: [a]\n`).message).toContain('Anchors are used too often');
  });

  test.each(['['.repeat(300_000), '{a: '.repeat(200_000), '- '.repeat(300_000)])('that nests without bound is refused at once', (text) => {
    const began = performance.now();
    expect(refusal(text).message).toContain('nested too deeply');
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('may hold brackets that shells and terminals leave open', () => {
    const commands = Array.from({ length: 500 }, (_, i) => `      - printf '\\033[3${i % 8}m['`).join('\n');
    expect(parseBuildspec(`version: 0.2\nphases:\n  build:\n    commands:\n${commands}\n`).phases.build?.commands).toHaveLength(500);
  });
});
