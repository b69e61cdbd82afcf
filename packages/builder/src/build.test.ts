import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBuild, sourceFolder } from './build.ts';
import type { BuildExit, BuildSpec, CollectedArtifact, ExportedVariable } from './build.ts';
import { parseBuildspec } from './buildspec/parse.ts';
import { runnerOf } from './runners/index.ts';
import { buildProcesses } from './runners/processes.ts';
import type { RunnerKind } from './runners/runner.ts';

interface Seen {
  exit: BuildExit;
  /** Text of each line, without CodeBuild's stamp. */
  log: string[];
  raw: string[];
  phases: { phase: string; status: string; message?: string }[];
  exported: readonly ExportedVariable[];
  artifacts: CollectedArtifact[];
  output: string[];
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-build-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const SOURCE = 'src1/src';

async function source(files: Record<string, string>): Promise<void> {
  await mkdir(sourceFolder(folder, SOURCE), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(sourceFolder(folder, SOURCE), name), text);
}

async function build(runner: RunnerKind, yaml: string, more: Partial<BuildSpec> & { signal?: AbortSignal; onLine?: (text: string) => void; mark?: string } = {}): Promise<Seen> {
  const { signal, onLine, mark, ...spec } = more;
  const seen: Omit<Seen, 'exit'> = { log: [], raw: [], phases: [], exported: [], artifacts: [], output: [] };
  let next = spec.firstLine ?? 0;
  const exit = await runBuild({ folder, runner, buildspec: parseBuildspec(yaml), source: SOURCE, env: {}, ...spec }, {
    log(first, lines) {
      expect(first).toBe(next);
      next += lines.length;
      for (const { text } of lines) {
        seen.raw.push(text);
        seen.log.push(text.replace(/^\[Container\] \S+ \S+ /, ''));
        if (!text.startsWith('[Container] ')) seen.output.push(text);
        onLine?.(text);
      }
    },
    phaseStarted: () => undefined,
    phaseEnded: (phase, status, contexts) => seen.phases.push({ phase, status, ...(contexts[0] === undefined ? {} : { message: `${contexts[0].statusCode}: ${contexts[0].message}` }) }),
    exported: (variables) => { seen.exported = variables; },
    artifact: (artifact) => seen.artifacts.push(artifact),
  }, { ...(signal === undefined ? {} : { signal }), ...(mark === undefined ? {} : { mark }) });
  return { ...seen, exit };
}

function block(phase: string, commands: string[]): string {
  return `  ${phase}:\n    commands:\n${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}`;
}

function spec(phases: Record<string, string[]>, rest = '', version = '0.2'): string {
  return `version: ${version}\nphases:\n${Object.entries(phases).map(([name, commands]) => block(name, commands)).join('')}${rest}`;
}

const usable: RunnerKind[] = [];
for (const kind of ['plain', 'sandbox'] as const) if ((await runnerOf(kind).unavailable()) === undefined) usable.push(kind);

describe.each(usable)('a build with the %s runner', (runner) => {
  test('runs all phases in one shell: an unexported variable and the directory last from pre_build to post_build', async () => {
    const seen = await build(runner, spec({ pre_build: ['REPOSITORY_URI=host/site', 'cd /'], build: ['echo "$REPOSITORY_URI $PWD"'], post_build: ['echo "$REPOSITORY_URI again"'] }));
    expect(seen.output).toEqual(['host/site /', 'host/site again']);
    expect(seen.exit.status).toBe('SUCCEEDED');
    expect(seen.phases.map(({ phase, status }) => `${phase} ${status}`)).toEqual(['INSTALL SUCCEEDED', 'PRE_BUILD SUCCEEDED', 'BUILD SUCCEEDED', 'POST_BUILD SUCCEEDED']);
  });

  test('of version 0.1 gives every command a new shell', async () => {
    const seen = await build(runner, spec({ build: ['x=1; cd /', 'echo "[$x] $PWD $CODEBUILD_BUILD_SUCCEEDING"', 'exit 0', 'echo on'] }, '', '0.1'));
    expect(seen.output[0]).toMatch(/^\[\] .*\/src1\/src 1$/);
    expect(seen.output[1]).toBe('on');
  });

  test('logs in the words of CodeBuild', async () => {
    const seen = await build(runner, spec({ build: ['echo hi', 'false'] }));
    expect(seen.raw[0]).toMatch(/^\[Container\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} Entering phase INSTALL$/);
    expect(seen.log.slice(6, 13)).toEqual([
      'Entering phase BUILD', 'Running command echo hi', 'hi', 'Running command false', 'Command did not exit successfully false exit status 1',
      'Phase complete: BUILD State: FAILED', 'Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: false. Reason: exit status 1',
    ]);
    expect(seen.log[2]).toBe('Phase context status code:  Message: ');
  });

  test('runs POST_BUILD after a failed BUILD, with CODEBUILD_BUILD_SUCCEEDING=0', async () => {
    const seen = await build(runner, spec({ build: ['echo $CODEBUILD_BUILD_SUCCEEDING', '(exit 7)', 'echo never'], post_build: ['sh -c "echo $CODEBUILD_BUILD_SUCCEEDING"'] }));
    expect(seen.output).toEqual(['1', '0']);
    expect(seen.exit.status).toBe('FAILED');
    expect(seen.phases[2]).toEqual({ phase: 'BUILD', status: 'FAILED', message: 'COMMAND_EXECUTION_ERROR: Error while executing command: (exit 7). Reason: exit status 7' });
    expect(seen.phases[3]).toEqual({ phase: 'POST_BUILD', status: 'SUCCEEDED' });
  });

  test.each(['install', 'pre_build'])('ends after a failed %s', async (phase) => {
    const seen = await build(runner, spec({ [phase]: ['false'], build: ['echo never'], post_build: ['echo never'] }, 'artifacts:\n  files: "**/*"\n'));
    expect(seen.output).toEqual([]);
    expect(seen.phases.at(-1)).toMatchObject({ phase: phase.toUpperCase(), status: 'FAILED' });
    expect(seen.artifacts).toEqual([]);
  });

  test('goes on in a fresh shell when a command exits the shell in the middle', async () => {
    const seen = await build(runner, spec({ pre_build: ['export A=exported', 'mkdir sub; cd sub'], build: ['exit 7', 'echo never'], post_build: ['echo "$A ${PWD##*/} $CODEBUILD_BUILD_SUCCEEDING"'] }));
    expect(seen.phases[2]?.message).toBe('COMMAND_EXECUTION_ERROR: Error while executing command: exit 7. Reason: exit status 7');
    expect(seen.output).toEqual(['exported sub 0']);
  });

  test('runs finally after success and after failure, and a failing finally fails the phase', async () => {
    const yaml = 'version: 0.2\nphases:\n  install:\n    commands: [echo one]\n    finally: [echo two]\n  build:\n    commands: [exit 3]\n    finally: [echo cleaned, "false"]\n';
    const seen = await build(runner, yaml);
    expect(seen.output).toEqual(['one', 'two', 'cleaned']);
    expect(seen.phases[2]).toMatchObject({ status: 'FAILED', message: expect.stringContaining('exit status 3') });
    expect((await build(runner, 'version: 0.2\nphases:\n  build:\n    commands: ["true"]\n    finally: ["false"]\n')).exit.status).toBe('FAILED');
  });

  test('obeys on-failure: ABORT leaves POST_BUILD out, CONTINUE goes on after a failed INSTALL', async () => {
    const abort = await build(runner, 'version: 0.2\nphases:\n  build:\n    on-failure: ABORT\n    commands: ["false"]\n  post_build:\n    commands: [echo never]\n');
    expect(abort.phases.map(({ phase }) => phase)).toEqual(['INSTALL', 'PRE_BUILD', 'BUILD']);
    const on = await build(runner, 'version: 0.2\nphases:\n  install:\n    on-failure: CONTINUE\n    commands: ["false"]\n  build:\n    commands: [echo on]\n');
    expect(on.output).toEqual(['on']);
    expect(on.exit.status).toBe('FAILED');
  });

  test('takes commands of several lines, heredocs and quotes as they are', async () => {
    const seen = await build(runner, 'version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        for i in 1 2; do\n          echo "line $i"\n        done\n        cat <<EOF\n        it\'s `echo here` \\$HOME\n        EOF\n      - echo \'single "double"\' \\\n        joined\n');
    expect(seen.output.filter((line) => /^(line \d|it's here.*|single .*)$/.test(line))).toEqual(['line 1', 'line 2', "it's here $HOME", 'single "double"  joined']);
    expect(seen.exit.status).toBe('SUCCEEDED');
  });

  test('keeps output without a newline at its end as a line, and in its place', async () => {
    const seen = await build(runner, spec({ build: ['printf "no newline"', 'echo next'] }));
    expect(seen.output).toEqual(['no newline', 'next']);
    expect(seen.log.indexOf('no newline')).toBeLessThan(seen.log.indexOf('Running command echo next'));
  });

  test('logs a hundred thousand lines, each once and in order', async () => {
    const seen = await build(runner, spec({ build: ['seq 1 100000'] }), { firstLine: 17 });
    expect(seen.output).toHaveLength(100_000);
    expect(seen.output.every((line, index) => line === String(index + 1))).toBe(true);
  });

  test('reads exported variables at the end, set by the project, the buildspec or a command', async () => {
    const yaml = spec({ build: ['TAG=v1', 'export OTHER="a b"'] }, 'env:\n  variables:\n    FROM_SPEC: low\n    BOTH: low\n  exported-variables: [TAG, OTHER, FROM_SPEC, BOTH, ABSENT]\n');
    const seen = await build(runner, yaml, { env: { BOTH: 'high' } });
    expect(seen.exported).toEqual([
      { name: 'TAG', value: 'v1' }, { name: 'OTHER', value: 'a b' }, { name: 'FROM_SPEC', value: 'low' }, { name: 'BOTH', value: 'high' }, { name: 'ABSENT', value: '' },
    ]);
  });

  test('collects artifacts with expanded names, also after a failed BUILD', async () => {
    await source({ 'index.html': 'hi' });
    const yaml = spec({ build: ['mkdir docs; echo x > docs/a.md', 'false'] }, 'artifacts:\n  files: [index.html]\n  name: site-$(echo 1)/$V\n  secondary-artifacts:\n    docs:\n      base-directory: docs\n      files: "**/*"\n');
    const seen = await build(runner, yaml, { env: { V: 'two' } });
    expect(seen.exit.status).toBe('FAILED');
    expect(seen.artifacts.map(({ identifier, name, manifest }) => [identifier, name, manifest?.entries.map(({ path }) => path)])).toEqual([[null, 'site-1/two', ['index.html']], ['docs', undefined, ['a.md']]]);
  });

  test('refuses an artifact path that leaves the workspace, also by a link that the build made', async () => {
    const up = await build(runner, spec({ build: ['true'] }, 'artifacts:\n  files: [../../secret]\n'));
    expect(up.artifacts[0]?.error).toEqual({ statusCode: 'CLIENT_ERROR', message: expect.stringContaining('../../secret') });
    const link = await build(runner, spec({ build: ['ln -s /etc out'] }, 'artifacts:\n  files: [out/passwd]\n'));
    expect(link.artifacts[0]?.error?.message).toContain('out/passwd');
    expect(link.artifacts[0]?.manifest).toBeUndefined();
  });

  test('masks secrets in output and in commands', async () => {
    const seen = await build(runner, spec({ build: ['echo "token $TOKEN"', 'printf hunter; sleep 0.05; echo 2hunter2', 'echo hunter2hunter2'] }), { env: { TOKEN: 'hunter2hunter2' }, secrets: ['hunter2hunter2'] });
    expect(seen.output).toEqual(['token ***', '***', '***']);
    expect(seen.raw.join('\n')).not.toContain('hunter2hunter2');
  });

  test('kills background processes that commands left behind', async () => {
    const mark = randomUUID();
    const seen = await build(runner, spec({ build: ['sleep 1000 &', 'setsid sleep 1000 >/dev/null 2>&1 &', 'nohup sleep 1000 & echo started'] }), { mark });
    expect(seen.exit.status).toBe('SUCCEEDED');
    expect(buildProcesses(mark)).toEqual([]);
  });

  test('stops with everything it started when asked', async () => {
    const mark = randomUUID();
    const stop = new AbortController();
    const seen = await build(runner, spec({ build: ['echo started; sleep 1000', 'echo never'], post_build: ['echo never'] }), { mark, signal: stop.signal, onLine: (text) => { if (text === 'started') stop.abort(); } });
    expect(seen.exit.status).toBe('STOPPED');
    // The shell may still say that its child was "Terminated".
    expect(seen.output[0]).toBe('started');
    expect(seen.output).not.toContain('never');
    expect(seen.phases.at(-1)).toEqual({ phase: 'BUILD', status: 'STOPPED' });
    expect(buildProcesses(mark)).toEqual([]);
  });

  test('ends TIMED_OUT when it takes too long', async () => {
    const seen = await build(runner, spec({ build: ['sleep 1000'] }), { timeoutMs: 300 });
    expect(seen.exit).toMatchObject({ status: 'TIMED_OUT', reason: expect.stringContaining('timed out') });
  });

  test('sees its sources, its secondary sources and the given environment', async () => {
    const seen = await build(runner, spec({ build: ['cd "$CODEBUILD_SRC_DIR_extra" 2>/dev/null || echo "no extra"', 'basename "$CODEBUILD_SRC_DIR"', 'echo "$X"'] }), { secondarySources: { extra: 'src2/src' }, env: { X: '$(id) `id` "q" \'s\'\nline' } });
    expect(seen.output).toEqual(['no extra', 'src', '$(id) `id` "q" \'s\'', 'line']);
  });

  test('refuses to run as a user that the runner cannot be', async () => {
    const seen = await build(runner, spec({ build: ['echo never'] }, 'run-as: postgres-of-mars\n'));
    expect(seen.phases).toEqual([{ phase: 'INSTALL', status: 'FAILED', message: expect.stringContaining('run-as: postgres-of-mars') }]);
    const user = runner === 'sandbox' ? 'root' : userInfo().username;
    expect((await build(runner, spec({ build: ['true'] }, `run-as: ${user}\n`))).exit.status).toBe('SUCCEEDED');
  });

  test('of no commands at all succeeds', async () => {
    expect((await build(runner, 'version: 0.2\nphases:\n  build:\n')).exit.status).toBe('SUCCEEDED');
  });
});

describe('a build with the dummy runner', () => {
  test('runs a script without processes', async () => {
    const seen = await build('dummy', spec({ pre_build: ['set TAG v1'], build: ['print built $TAG', 'write dist/a.txt hello', 'exit 4'], post_build: ['print after'] }, 'artifacts:\n  files: dist/*\nenv:\n  exported-variables: [TAG]\n'));
    expect(seen.output).toEqual(['built v1', 'after']);
    expect(seen.phases[2]?.message).toContain('exit status 4');
    expect(seen.exported).toEqual([{ name: 'TAG', value: 'v1' }]);
    expect(seen.artifacts[0]?.manifest?.entries.map(({ path }) => path)).toEqual(['dist/a.txt']);
  });

  test('waits until it is stopped', async () => {
    const stop = new AbortController();
    const seen = await build('dummy', spec({ build: ['print waiting\nwait'] }), { signal: stop.signal, onLine: (text) => { if (text === 'waiting') stop.abort(); } });
    expect(seen.exit.status).toBe('STOPPED');
  });
});
