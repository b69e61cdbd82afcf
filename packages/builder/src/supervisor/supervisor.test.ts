import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, appendFile, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BuildSpec } from '../build.ts';
import { parseBuildspec } from '../buildspec/parse.ts';
import { holdFolder } from '../runners/in-place.ts';
import { buildProcesses } from '../runners/processes.ts';
import { BUSYBOX_IMAGE, makeTestImages, testEngines } from '../runners/testing/engines.ts';
import { claimFile, isAlive, readClaim, revoke, shortSocketPath, socketFile, specFile, spoolFile, supervisorErrors, takeClaim } from './folder.ts';
import { launch } from './launch.ts';
import { startSupervisor } from './standby.ts';
import { readSpool, spoolGrowth } from './read-spool.ts';
import type { SpoolFrame } from './read-spool.ts';
import { requestStop } from './socket.ts';

const engines = await testEngines();
const places: { name: string; runner: BuildSpec['runner']; more: Partial<BuildSpec> }[] = [
  { name: 'plain', runner: 'plain', more: {} },
  { name: 'sandbox', runner: 'sandbox', more: { network: { mode: 'isolated' }, limits: { processes: 100 } } },
  ...engines.map(({ name, socket }) => ({ name, runner: 'container' as const, more: { network: { mode: 'isolated' as const }, container: { socket, image: BUSYBOX_IMAGE } } })),
];

let programs: string;
let supervisorPath: string;
let root: string;
let folder: string;

beforeAll(async () => {
  for (const engine of engines) await makeTestImages(engine);
  programs = await mkdtemp(join(tmpdir(), 'slipway-programs-'));
  supervisorPath = join(programs, 'supervisor.js');
  await bundle({
    entryPoints: { supervisor: join(import.meta.dirname, 'main.ts'), launch: join(import.meta.dirname, 'launch.ts') }, outdir: programs, bundle: true, platform: 'node', format: 'esm', target: 'node20.19',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
});

afterAll(() => rm(programs, { recursive: true, force: true }));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-supervisor-'));
  // Longer than a socket's address may be.
  folder = join(root, 'a-long-folder-name-'.repeat(6), 'build');
  await mkdir(folder, { recursive: true });
});

afterEach(async () => {
  const claim = await readClaim(folder);
  if (claim !== undefined) {
    await requestStop(folder);
    for await (const _ of frames()) { /* until it has ended */ }
    expect(buildProcesses(claim.mark)).toEqual([]);
  }
  await rm(root, { recursive: true, force: true });
});

function spec(commands: string[], more: Partial<BuildSpec> = {}): Omit<BuildSpec, 'folder'> {
  return { runner: 'plain', buildspec: parseBuildspec(`version: 0.2\nphases:\n  build:\n    commands:\n${commands.map((command) => `      - ${JSON.stringify(command)}\n`).join('')}`), source: 'src1/src', env: {}, ...more };
}

/** As a server does it: whenever the spool has grown, to the build's end. */
async function* frames(from = 0, signal = new AbortController().signal): AsyncGenerator<SpoolFrame> {
  let offset = from;
  for await (const _ of spoolGrowth(folder, signal)) {
    for (let more = true; more && !signal.aborted; ) {
      const part = await readSpool(folder, { from: offset });
      for (const one of part.frames) {
        yield one;
        if (one.frame.type === 'exit' || one.frame.type === 'supervisor-died') return;
        offset = one.next;
      }
      more = part.more;
    }
  }
}

/** Follows until `until` says so, or to the end. */
async function follow(from = 0, until: (one: SpoolFrame) => boolean = () => false): Promise<SpoolFrame[]> {
  const seen: SpoolFrame[] = [];
  for await (const one of frames(from)) {
    seen.push(one);
    if (until(one)) break;
  }
  return seen;
}

function lines(seen: readonly SpoolFrame[]): { seq: number; text: string }[] {
  return seen.flatMap(({ frame }) => (frame.type === 'log' ? frame.lines.map(({ text }, index) => ({ seq: frame.first + index, text })) : []));
}

const output = (seen: readonly SpoolFrame[]): string[] => lines(seen).map(({ text }) => text).filter((text) => !text.startsWith('[Container]'));
const types = (seen: readonly SpoolFrame[]): string[] => seen.map(({ frame }) => frame.type);

describe('a supervised build', () => {
  test('is spooled whole: phases, numbered lines, exit last', async () => {
    await launch(folder, spec(['echo hello'], { firstLine: 5 }), { supervisorPath });
    const seen = await follow();
    expect(output(seen)).toEqual(['hello']);
    expect(lines(seen).map(({ seq }) => seq)).toEqual(lines(seen).map((_, index) => index + 5));
    expect(seen.at(-1)?.frame).toMatchObject({ type: 'exit', status: 'SUCCEEDED' });
    expect(types(seen).filter((type) => type === 'phase-ended')).toHaveLength(4);
  });

  test('goes on when a follower is cut off with wake-ups unread, or in the middle of a request', async () => {
    const go = join(root, 'go');
    await launch(folder, spec([`echo one; while [ ! -e ${go} ]; do echo more; sleep 0.01; done; echo last`]), { supervisorPath });
    for (const half of ['', '{"type":"st']) {
      const short = shortSocketPath(folder);
      const socket = connect({ path: short.path });
      await once(socket, 'connect');
      short.release();
      if (half !== '') socket.write(half);
      await follow(0, ({ frame }) => frame.type === 'log' && frame.first > 5);
      socket.destroy();
    }
    await writeFile(go, '');
    expect((await follow()).at(-1)?.frame).toMatchObject({ type: 'exit', status: 'SUCCEEDED' });
  });

  test('can be followed again from any frame, while it runs and long after', async () => {
    await launch(folder, spec(['echo one; sleep 0.2; echo two; sleep 0.2; echo three']), { supervisorPath });
    const first = await follow(0, (one) => output([one]).includes('one'));
    const rest = await follow(first.at(-1)?.next);
    const all = await follow();
    expect([...first, ...rest]).toEqual(all);
    expect(output(all)).toEqual(['one', 'two', 'three']);
    for (const [index, { next }] of all.entries()) if (index < all.length - 1) expect(await follow(next)).toEqual(all.slice(index + 1));
  });

  test('tells two followers the same', async () => {
    await launch(folder, spec(['for i in 1 2 3 4 5; do echo $i; sleep 0.05; done']), { supervisorPath });
    const [a, b] = await Promise.all([follow(), follow()]);
    expect(output(a)).toEqual(['1', '2', '3', '4', '5']);
    expect(b).toEqual(a);
  });

  test('outlives the process that launched it', async () => {
    const program = `import { launch } from ${JSON.stringify(join(programs, 'launch.js'))}; await launch(process.argv[1], JSON.parse(process.argv[2]), { supervisorPath: process.argv[3] }); setInterval(() => {}, 1000); console.log('up');`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', program, folder, JSON.stringify(spec(['echo begin; sleep 0.5; echo end'])), supervisorPath], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    await once(server.stdout, 'data');
    process.kill(-(server.pid ?? 0), 'SIGKILL');
    await once(server, 'exit');
    const seen = await follow();
    expect(output(seen)).toEqual(['begin', 'end']);
    expect(seen.at(-1)?.frame).toMatchObject({ type: 'exit', status: 'SUCCEEDED' });
  });

  test('runs once, however often and however simultaneously it is launched', async () => {
    const ledger = join(root, 'ledger');
    const once = spec([`echo ran >> ${ledger}`, 'sleep 0.2']);
    await Promise.all([1, 2, 3].map(() => launch(folder, once, { supervisorPath })));
    await launch(folder, once, { supervisorPath });
    await follow();
    await launch(folder, once, { supervisorPath });
    expect(await readFile(ledger, 'utf8')).toBe('ran\n');
    await expect(access(specFile(folder))).rejects.toThrow('ENOENT');
  });

  test('that is stopped kills its whole tree and says STOPPED', async () => {
    await launch(folder, spec(['setsid sleep 1000 & sleep 1000 & echo ready; sleep 1000']), { supervisorPath });
    const begun = await follow(0, (one) => output([one]).includes('ready'));
    expect(await requestStop(folder)).toBe(true);
    const rest = await follow(begun.at(-1)?.next);
    expect(rest.at(-1)?.frame).toMatchObject({ type: 'exit', status: 'STOPPED' });
    expect(buildProcesses((await readClaim(folder))?.mark ?? '')).toEqual([]);
    expect(await requestStop(folder)).toBe(false);
  });

  test.each(places)('whose supervisor is killed ends with that cause, keeps its lines and leaves no process ($name)', async ({ runner, more }) => {
    await launch(folder, spec(['setsid sleep 1000 & echo ready; sleep 1000'], { runner, ...more }), { supervisorPath });
    const claim = await readClaim(folder);
    const seen: SpoolFrame[] = [];
    for await (const one of frames()) {
      seen.push(one);
      if (output([one]).includes('ready')) process.kill(claim?.pid ?? 0, 'SIGKILL');
    }
    expect(output(seen)).toEqual(['ready']);
    expect(seen.at(-1)?.frame).toMatchObject({ type: 'supervisor-died', reason: expect.stringContaining('ended without a result') });
    expect(buildProcesses(claim?.mark ?? '')).toEqual([]);
    // Found dead again by whoever asks later, and never started anew.
    await launch(folder, spec(['echo never'], { runner }), { supervisorPath });
    expect((await follow()).at(-1)?.frame.type).toBe('supervisor-died');
  });

  test('never takes another file for its standard output', async () => {
    const idle = startSupervisor(supervisorPath, { runner: 'plain' });
    const standardOutput = async (): Promise<string> => readlink(`/proc/${idle.pid}/fd/1`);
    const before = await standardOutput();
    await launch(folder, spec(['echo ready; sleep 1000']), { supervisorPath, standby: { take: () => idle, ready: () => undefined, stop: () => undefined } });
    await follow(0, (one) => output([one]).includes('ready'));
    // Closed, its number would go to the next file that is opened, and streams that ask what standard output is would break.
    expect(await standardOutput()).toBe(before);
    await requestStop(folder);
  });

  test('whose supervisor breaks down is dead, and leaves to read why', async () => {
    await mkdir(socketFile(folder));
    await launch(folder, spec(['echo never']), { supervisorPath });
    expect((await follow()).at(-1)?.frame.type).toBe('supervisor-died');
    expect(await supervisorErrors(folder)).toContain('EISDIR');
  });

  test('that was taken back is never begun, and one that has begun is not taken back', async () => {
    expect(await revoke(folder)).toBe(true);
    expect(await revoke(folder)).toBe(true);
    await expect(launch(folder, spec(['echo never']), { supervisorPath })).rejects.toThrow('taken back');
    await rm(folder, { recursive: true });
    expect(await revoke(folder)).toBe(true);
    await mkdir(folder);
    await launch(folder, spec(['echo hello']), { supervisorPath });
    expect(await revoke(folder)).toBe(false);
    expect(output(await follow())).toEqual(['hello']);
  });

  test('is not claimed by a supervisor that was told of a folder which another has replaced', async () => {
    const late = holdFolder(folder);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await expect(takeClaim(late.path, 'late')).rejects.toMatchObject({ code: 'ENOENT' });
    late.release();
    expect(await readClaim(folder)).toBeUndefined();
  });

  test('whose spool has a torn end is read up to the tear', async () => {
    await launch(folder, spec(['sleep 1000']), { supervisorPath });
    const begun = await follow(0, ({ frame }) => frame.type === 'log' && frame.lines.some(({ text }) => text.includes('Running command')));
    process.kill((await readClaim(folder))?.pid ?? 0, 'SIGKILL');
    await appendFile(spoolFile(folder), Buffer.from([200, 0, 0, 0, 1, 2]));
    const seen = await follow();
    expect(seen.slice(0, begun.length)).toEqual(begun);
    expect(seen.at(-1)?.frame.type).toBe('supervisor-died');
  });

  test('whose spool is damaged is over, and stopped', async () => {
    await launch(folder, spec(['sleep 1000']), { supervisorPath });
    const begun = await follow(0, ({ frame }) => frame.type === 'log' && frame.lines.some(({ text }) => text.includes('Running command')));
    await appendFile(spoolFile(folder), Buffer.alloc(64, 0xff));
    expect((await readSpool(folder, { from: begun.at(-1)?.next ?? 0 })).frames.at(-1)?.frame).toMatchObject({ type: 'supervisor-died', reason: expect.stringContaining('The spool') });
    const claim = await readClaim(folder);
    await expect.poll(() => claim !== undefined && isAlive(claim), { timeout: 10_000 }).toBe(false);
    expect(buildProcesses(claim?.mark ?? '')).toEqual([]);
  });

  test('keeps its spec, spool and claim from other users, and the spec not at all', async () => {
    await launch(folder, spec(['echo "$TOKEN"'], { env: { TOKEN: 'value-of-the-token' }, secrets: ['value-of-the-token'] }), { supervisorPath });
    const seen = await follow();
    expect(output(seen)).toEqual(['***']);
    for (const file of [spoolFile(folder), claimFile(folder)]) expect((await stat(file)).mode & 0o077).toBe(0);
    await expect(access(specFile(folder))).rejects.toThrow('ENOENT');
    expect(await readFile(spoolFile(folder), 'utf8')).not.toContain('value-of-the-token');
  });

  test('that cannot begin ends FAULT and says why', async () => {
    await launch(folder, spec(['true'], { source: '../elsewhere' }), { supervisorPath });
    expect((await follow()).at(-1)?.frame).toMatchObject({ type: 'exit', status: 'FAULT', reason: expect.stringContaining('../elsewhere') });
  });

  test('that was never launched is reported as such', async () => {
    expect((await follow()).map(({ frame }) => frame)).toEqual([{ type: 'supervisor-died', reason: 'The build was never launched' }]);
  });

  test('can be left by a follower without ending', async () => {
    await launch(folder, spec(['echo one; sleep 0.3; echo two']), { supervisorPath });
    const leave = new AbortController();
    for await (const one of frames(0, leave.signal)) if (output([one]).includes('one')) leave.abort();
    expect(output(await follow())).toEqual(['one', 'two']);
  });
});
