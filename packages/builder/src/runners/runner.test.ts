import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outputFolder } from './layout.ts';
import { plainRunner } from './plain.ts';
import { buildProcesses } from './processes.ts';
import type { Session, Workspace } from './runner.ts';
import { SessionLost } from './runner.ts';
import { sandboxRunner } from './sandbox.ts';
import { BOTH, isolatingVariants } from './testing/variants.ts';
import type { Variant } from './testing/variants.ts';

const SECRET_FOLDER = 'neighbour';

function describeRunner({ name, runner, request, shells }: Variant): void {
  describe.each(shells)(`the ${name} runner with %s`, (shell) => {
    let folder: string;
    let mark: string;
    let workspace: Workspace;
    let session: Session;
    let output: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "slip way's "));
      mark = randomUUID();
      output = '';
      await mkdir(join(outputFolder(folder), 'src1', 'src'), { recursive: true });
      workspace = await runner.prepare({ folder, mark, ...request });
      session = await workspace.open({
        shell, cwd: join(workspace.output, 'src1', 'src'), env: { ...workspace.environment, GREETING: "it's $HOME" },
        onOutput: (bytes) => { output += Buffer.from(bytes).toString(); },
      });
    });

    afterEach(async () => {
      await workspace.destroy();
      expect(buildProcesses(mark)).toEqual([]);
      await rm(folder, { recursive: true, force: true });
    });

    test('reports the status of each command and keeps variables and directory between them', async () => {
      expect(await session.run('x=1; mkdir -p sub; cd sub')).toEqual({ status: 0, shellEnded: false });
      expect(await session.run('(exit 7)')).toEqual({ status: 7, shellEnded: false });
      await session.run('echo "$x ${PWD##*/} $GREETING"');
      expect(output).toBe("1 sub it's $HOME\n");
    });

    test('hands on all output of a command before the command is reported', async () => {
      for (let round = 0; round < 20; round += 1) {
        output = '';
        await session.run(`i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); done; printf end`);
        expect(output.split('\n')).toHaveLength(301);
        expect(output.endsWith('end')).toBe(true);
      }
    });

    test('keeps standard error and standard output in order, also through /dev/stderr', async () => {
      await session.run('echo one; echo two >&2; echo three > /dev/stdout; echo four > /dev/stderr');
      expect(output).toBe('one\ntwo\nthree\nfour\n');
    });

    test('gives a command that reads standard input nothing', async () => {
      expect(await session.run('cat; read -r x; echo "got $?"')).toMatchObject({ status: 0 });
      expect(output).toBe('got 1\n');
    });

    test('keeps the control descriptors from commands', async () => {
      await session.run('(echo done 0 >&9) 2>/dev/null || echo closed; (cat <&8) 2>/dev/null || echo closed');
      expect(output).toBe('closed\nclosed\n');
    });

    test('goes on in a fresh shell with directory and environment after a command ended the shell', async () => {
      expect(await session.run('export A="two words"; mkdir deep; cd deep; echo kept > /tmp/slipway-kept-$$; f=/tmp/slipway-kept-$$; export f; exit 3')).toEqual({ status: 3, shellEnded: true });
      await session.run('echo "$A ${PWD##*/} $(cat "$f")"; rm "$f"');
      expect(output).toBe('two words deep kept\n');
    });

    test('takes set -e and a syntax error as the end of the shell or of the command, with a status', async () => {
      expect((await session.run('set -e; false; echo never')).status).toBe(1);
      expect((await session.run('if then')).status).toBeGreaterThan(0);
      expect(await session.run('echo alive')).toMatchObject({ status: 0 });
      expect(output).not.toContain('never');
      expect(output).toContain('alive');
    });

    test('reports a shell that a signal ended', async () => {
      expect(await session.run('kill -9 $$')).toEqual({ status: 137, shellEnded: true });
    });

    test('survives set -u, noclobber and a strange IFS', async () => {
      await session.run('set -uC; IFS=abc');
      expect((await session.run('echo fine')).status).toBe(0);
      expect((await session.run('echo fine again')).status).toBe(0);
    });

    test('runs a fresh command without anything of the one before', async () => {
      await session.run('x=1; export y=2; cd /', { fresh: true });
      expect((await session.run('echo "[$x$y] ${PWD##*/}"; exit 5', { fresh: true })).status).toBe(5);
      expect(output).toBe('[] src\n');
    });

    test('reads variables of every kind, exported or not, and expands texts', async () => {
      await session.set('FLAG', "a 'b' $c");
      await session.run("plain='two\nlines'; export other=x=y");
      expect(await session.read(['FLAG', 'plain', 'other', 'absent'])).toEqual({ FLAG: "a 'b' $c", plain: 'two\nlines', other: 'x=y', absent: '' });
      expect(await session.expand('site-$(echo "a b")-$other')).toBe('site-a b-x=y');
    });

    test('ends background processes that left their session', async () => {
      await session.run('setsid sleep 1000 & sleep 1000 &');
      expect((buildProcesses(mark)).length).toBeGreaterThan(2);
      await workspace.stop(0);
      expect(buildProcesses(mark)).toEqual([]);
    });

    test('lets processes end well when stopped, and kills those that will not', async () => {
      const running = session.run(`(trap 'sleep 0.1; echo cleaned; exit' TERM; echo ready; while :; do sleep 0.05; done) & (trap '' TERM; echo ready; sleep 1000) & wait`).catch((error: unknown) => error);
      await expect.poll(() => output.match(/ready/g)?.length).toBe(2);
      await workspace.stop(1_000);
      expect(buildProcesses(mark)).toEqual([]);
      expect(await running).toSatisfy((result: unknown) => result instanceof SessionLost || (typeof result === 'object' && result !== null && 'status' in result));
      expect(output).toContain('cleaned');
    });

    test('says so when the processes were killed from outside', async () => {
      const running = session.run('echo here; sleep 1000');
      const lost = expect(running).rejects.toBeInstanceOf(SessionLost);
      await expect.poll(() => output).toBe('here\n');
      await workspace.stop(0);
      await lost;
    });

    test('measures what commands use', async () => {
      const before = await workspace.measure();
      await session.run("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; x=$(head -c 30000000 /dev/zero | tr '\\0' x); dd if=/dev/zero of=written bs=1M count=4 conv=fsync 2>/dev/null");
      const { cpuMs, memoryBytes, storageReadBytes, storageWrittenBytes } = await workspace.measure();
      expect(cpuMs).toBeGreaterThan(0);
      expect(memoryBytes).toBeGreaterThan(30_000_000);
      expect(storageReadBytes).toBeGreaterThanOrEqual(0);
      expect(storageWrittenBytes! - before.storageWrittenBytes!).toBeGreaterThanOrEqual(4 * 1024 ** 2);
      expect(await workspace.memoryKills()).toBe(0);
      await workspace.stop(0);
      expect((await workspace.measure()).memoryBytes ?? 0).toBeLessThan(30_000_000);
    });

    test('leaves no secrets in its folders', async () => {
      await session.run('true');
      await workspace.destroy();
      await expect(stat(join(folder, 'state'))).rejects.toThrow('ENOENT');
      await expect(stat(join(folder, 'commands'))).rejects.toThrow('ENOENT');
    });

    test.runIf(runner.kind === 'sandbox')('shows the build its own folder and the system, and nothing else', async () => {
      await mkdir(join(folder, SECRET_FOLDER));
      await writeFile(join(folder, SECRET_FOLDER, 'secret'), 'x');
      await session.run(`ls ${JSON.stringify(folder)}; touch /usr/x; touch /etc/x; id -u; echo $HOME; ls -A /tmp /root; pwd; ls /proc | grep -c '^[0-9]'; touch ${'/slipway/commands/x'}`);
      expect(output).not.toContain(SECRET_FOLDER);
      expect(output.match(/Read-only file system/g)?.length).toBe(3);
      expect(output).toContain('\n0\n/root\n');
      expect(output).toContain('/codebuild/output/src1/src\n');
    });
  });
}

const { variants, absent, makeImages } = await isolatingVariants({ memoryBytes: 1024 ** 3, cpus: 1, processes: 200 });

beforeAll(makeImages, 120_000);

describeRunner({ name: 'plain', runner: plainRunner, request: {}, shells: BOTH });
if ((await sandboxRunner.unavailable()) === undefined) describeRunner({ name: "sandbox on the machine's network", runner: sandboxRunner, request: {}, shells: BOTH });
for (const variant of variants) describeRunner(variant);
for (const why of absent) test.skip(`the runner ${why}`);
