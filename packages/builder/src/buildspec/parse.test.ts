import { describe, expect, test } from 'vitest';
import { BuildspecError } from './error.ts';
import { parseBuildspec } from './parse.ts';

function refusal(text: string, runtimes?: Record<string, string>): BuildspecError {
  try {
    parseBuildspec(text, runtimes === undefined ? {} : { runtimes });
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
      phases: { install: { commands: ['echo "a:b"', 'x=1\necho $x\n'], finally: ['echo done'], onFailure: 'CONTINUE' } },
      artifacts: { files: ['**/*'], excludePaths: [], discardPaths: true, baseDirectory: 'dist', name: 'site-$(date +%F)' },
      secondaryArtifacts: { docs: { files: ['docs/**/*'], excludePaths: [], discardPaths: false } },
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
    ['proxy', 'proxy:\n  upload-artifacts: yes\n'], ['batch', 'batch:\n  fast-fail: true\n'], ['reports', 'reports:\n  r:\n    files: [a]\n'], ['cache', 'cache:\n  paths: [a]\n'],
    ['parameter-store', 'env:\n  parameter-store:\n    A: b\n'], ['secrets-manager', 'env:\n  secrets-manager:\n    A: b\n'], ['git-credential-helper', 'env:\n  git-credential-helper: yes\n'],
    ['enable-symlinks', 'artifacts:\n  files: [a]\n  enable-symlinks: yes\n'], ['s3-prefix', 'artifacts:\n  files: [a]\n  s3-prefix: x\n'],
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

  test('that asks for a runtime which the environment does not have names the one it has', () => {
    const text = 'version: 0.2\nphases:\n  install:\n    runtime-versions:\n      nodejs: 18\n    commands: [a]\n';
    expect(refusal(text, { nodejs: '20.20.2' }).message).toContain('has nodejs 20.20.2, not 18');
    expect(refusal(text).message).toContain('lists no runtime "nodejs"');
    expect(() => parseBuildspec(text.replace('18', '20'), { runtimes: { nodejs: '20.20.2' } })).not.toThrow();
    expect(() => parseBuildspec(text.replace('18', 'latest'), { runtimes: { nodejs: '20.20.2' } })).not.toThrow();
  });

  test('that retries on failure says that this is not supported yet', () => {
    expect(refusal('version: 0.2\nphases:\n  build:\n    on-failure: RETRY-3\n    commands: [a]\n')).toMatchObject({ line: 4, key: 'phases.build.on-failure' });
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
