import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createSocket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outputFolder } from './layout.ts';
import { buildProcesses } from './processes.ts';
import { CannotBecome, SessionLost } from './runner.ts';
import type { Session, Workspace } from './runner.ts';
import { isolatingVariants } from './testing/variants.ts';

const MIB = 1024 ** 2;
const { variants, absent, makeImages } = await isolatingVariants({ memoryBytes: 256 * MIB, cpus: 1, processes: 100 });
const SECRET = 'planted-where-no-build-may-look';

for (const why of absent) test.skip(`isolation by ${why}`);

beforeAll(makeImages, 120_000);

describe.each(variants)('a build in a $name', ({ runner, request }) => {
  let root: string;
  let workspace: Workspace;
  let session: Session;
  let output: string;
  let endpoint: Server;
  let neighbour: Server;
  const mark = randomUUID();

  beforeAll(async () => {
    endpoint = await listening('the endpoint');
    neighbour = await listening('a neighbour');
  });

  afterAll(() => {
    endpoint.close();
    neighbour.close();
  });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'slipway-isolation-'));
    const folder = join(root, 'builds', 'ours');
    await mkdir(join(outputFolder(folder), 'src'), { recursive: true, mode: 0o700 });
    await mkdir(join(root, 'builds', 'theirs'), { recursive: true });
    for (const file of ['master.key', 'builds/theirs/secret']) await writeFile(join(root, file), SECRET);
    workspace = await runner.prepare({ folder, mark, hide: [root], ...request, network: { mode: 'isolated', endpoint: `http://127.0.0.1:${portOf(endpoint)}` } });
    output = '';
    session = await workspace.open({ shell: 'sh', cwd: `${workspace.output}/src`, env: { ...workspace.environment }, onOutput: (bytes) => { output += Buffer.from(bytes).toString(); } });
  });

  afterEach(async () => {
    await workspace.destroy();
    expect(buildProcesses(mark)).toEqual([]);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(root);
    for (const kind of ['.', 'memory', 'pids', 'cpu', 'cpuacct']) expect(existsSync(join('/sys/fs/cgroup', kind, 'slipway', mark))).toBe(false);
    expect(readdirSync(join(root, 'builds', 'ours')).toSorted()).toEqual(['codebuild']);
    await rm(root, { recursive: true, force: true });
  });

  const said = async (command: string): Promise<string> => {
    output = '';
    await session.run(command);
    return output;
  };

  test("sees neither another build's files, nor the server's, nor the engine's socket", async () => {
    await said(`cat ${root}/master.key ${root}/builds/theirs/secret ${root}/builds/ours/spec.json /proc/1/root${root}/master.key; ls ${root} ${root}/builds`);
    expect(output).not.toContain(SECRET);
    expect(output).not.toContain('theirs\n');
    await said('ls -a /var/run /run 2>/dev/null; find / -xdev -name "*.sock" 2>/dev/null');
    expect(output).not.toMatch(/docker|podman|containerd|\.sock/);
  });

  test('reads no password hashes and no private keys of the machine', async () => {
    await session.run('cat /etc/gshadow /etc/ssl/private/* /etc/ssh/ssh_host_*_key 2>/dev/null | grep -c .; cut -d: -f2 /etc/shadow 2>/dev/null | sort -u');
    expect(output).toMatch(/^0\n([*!]+\n)*$/);
  });

  test('sees no process but its own, and no environment of any other', async () => {
    const other = spawn('sleep', ['1000'], { env: { ...process.env, PLANTED: SECRET }, stdio: 'ignore' });
    try {
      await said('cat /proc/[0-9]*/environ | tr "\\0" "\\n"; cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"');
      expect(output).not.toContain(SECRET);
      expect(output).not.toContain('vitest');
      expect(Number(await said('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(10);
      await said(`kill -0 ${other.pid} && echo reached`);
      expect(output).not.toContain('reached');
    } finally {
      other.kill();
      await once(other, 'exit');
    }
  });

  test("reaches the endpoint, and no other port of this machine's, nor the metadata address", async () => {
    expect(await said(`wget -q -O - http://127.0.0.1:${portOf(endpoint)}/`)).toBe('the endpoint');
    const own = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';
    for (const host of ['127.0.0.1', 'localhost', own]) {
      expect(await said(`wget -q -T 2 -O - http://${host}:${portOf(neighbour)}/ || echo refused`)).not.toContain('a neighbour');
      // By the proxy, which answers for both ways.
      await said(`export no_proxy= NO_PROXY=; wget -q -T 2 -O - http://${host}:${portOf(neighbour)}/ || echo refused`);
      expect(output).toMatch(/refused/);
    }
    expect(await said('wget -q -T 2 -O - http://169.254.169.254/latest/meta-data/ 2>&1 || echo refused')).toMatch(/403[^]*refused|refused/);
    expect(await said('wget -q -T 2 -O - "http://[::ffff:169.254.169.254]/" 2>&1 || echo refused')).toContain('refused');
  });

  test('cannot change its system, its network or its limits', async () => {
    const attempts = [
      'mount -t tmpfs none /mnt', 'mount -o remount,rw /', 'ip link add dummy0 type dummy', 'mknod /tmp/disk b 8 0',
      'echo $$ > /sys/fs/cgroup/memory/cgroup.procs', '[ -e /sys/fs/cgroup/pids.max ] && echo max > /sys/fs/cgroup/pids.max', '[ -e /sys/fs/cgroup/pids/pids.max ] && echo max > /sys/fs/cgroup/pids/pids.max', 'umount /proc/sys', 'chroot /proc/1/root true && false', 'ls /proc/1/root/home/../../root/.ssh',
    ];
    for (const attempt of attempts) expect(await said(`{ ${attempt}; } >/dev/null 2>&1; echo "$?"`), attempt).not.toBe('0\n');
    await said('mount | grep -c " /mnt "; ip link | grep -c dummy0; ls /tmp/disk');
    expect(output).toMatch(/^0\n0\n/);
  });

  test("cannot tell the machine's kernel anything: its settings, its keys, the program that takes core dumps", async () => {
    const knobs = ['kernel/core_pattern', 'kernel/modprobe', 'kernel/panic', 'vm/swappiness', 'fs/binfmt_misc/register'];
    const before = knobs.map((knob) => setting(knob));
    for (const knob of knobs) expect(await said(`{ echo 1 > /proc/sys/${knob}; } 2>/dev/null; echo "$?"`), knob).not.toBe('0\n');
    expect(knobs.map((knob) => setting(knob))).toEqual(before);
    for (const file of ['/proc/sysrq-trigger', '/proc/irq/default_smp_affinity', '/sys/kernel/uevent_helper', '/sys/power/state']) {
      expect(await said(`{ echo x > ${file}; } 2>/dev/null; echo "$?"`), file).not.toBe('0\n');
    }
    expect(await said('cat /proc/kcore /proc/kmsg /proc/keys /proc/timer_list 2>/dev/null | head -c 1')).toBe('');
  });

  test('gains nothing by namespaces of its own: no limit is raised, nothing is mounted over the machine', async () => {
    const groups = ['-i -t cgroup -o pids', '-t cgroup -o pids', '-t cgroup2'].map((how) => `mount ${how} none /tmp/m`).join(' || ');
    const mine = `mkdir -p /tmp/m; { ${groups}; } && echo max >/tmp/m/pids.max && echo raised; mount -t proc none /tmp/m && echo 1 >/tmp/m/sys/kernel/panic && echo told`;
    for (const flags of ['-Ur -m', '-U -m', '-Ur -m -C', '-U -m -C']) expect(await said(`unshare ${flags} sh -c '${mine}' 2>/dev/null; true`)).not.toMatch(/raised|told/);
  });

  test('gains nothing by programs that change their user, of the system or of its own', async () => {
    await said('cp "$(command -v id)" /tmp/mine 2>/dev/null; chmod 4755 /tmp/mine; grep NoNewPrivs /proc/self/status');
    expect(output).toMatch(/NoNewPrivs:\s*1/);
  });

  test('has the devices that everybody may have, and no other', async () => {
    const devices = (await said('find /dev -type b -o -type c | sort')).trim().split('\n');
    expect(devices.filter((path) => !/^\/dev\/(null|zero|full|random|urandom|tty|console|ptmx|pts\/.*|core)$/.test(path))).toEqual([]);
  });

  test("reaches no socket of the machine's that has a name without a file", async () => {
    const name = `slipway-${mark}`;
    const abstract = createSocket((socket) => socket.end('an abstract socket')).listen(`\0${name}`);
    await once(abstract, 'listening');
    try {
      expect(readFileSync('/proc/net/unix', 'utf8')).toContain(name);
      expect(await said(`cat /proc/net/unix | grep -c ${name}`)).toBe('0\n');
    } finally {
      abstract.close();
    }
  });

  test('that runs out of memory or processes fails alone', async () => {
    expect((await session.run('dd if=/dev/zero of=/dev/null bs=600M count=1')).status).not.toBe(0);
    const bomb = await session.run('(i=0; while [ $i -lt 300 ]; do sleep 100 & i=$((i+1)); done) >/dev/null 2>&1').catch((error: unknown) => error);
    expect(buildProcesses(mark).length).toBeLessThanOrEqual(110);
    expect(bomb).toSatisfy((result: unknown) => result instanceof SessionLost || typeof result === 'object');
  }, 60_000);

  test('is over within five seconds of being stopped, fork bombs and daemons included', async () => {
    const running = session.run("setsid sh -c \"trap '' TERM; while :; do sleep 1; done\" & (setsid env -i sleep 1000 &) ; b() { b | b & }; trap '' TERM; b; echo begun; while :; do :; done").catch((error: unknown) => error);
    await expect.poll(() => output).toContain('begun');
    const from = performance.now();
    await workspace.stop(1_000);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(buildProcesses(mark)).toEqual([]);
    await running;
  });

  test('runs commands as another user, and then as root again, with the variables that were exported', async () => {
    const user = runner.kind === 'sandbox' ? 'daemon' : 'builder';
    await session.run('export KEPT="two words"; cd /tmp');
    await session.become(user);
    expect(await said('echo "$(id -un) $KEPT $PWD $HOME $USER"; export FROM_USER=1; touch /tmp/theirs')).toBe(`${user} two words /tmp ${runner.kind === 'sandbox' ? '/usr/sbin' : '/home/builder'} ${user}\n`);
    expect((await session.run('exit 3')).status).toBe(3);
    expect(await said('echo "$(id -un) $FROM_USER"; touch /root/x || echo denied')).toMatch(new RegExp(`^${user} 1\n[^]*denied\n$`));
    await session.become(undefined);
    expect(await said('echo "$(id -un) $KEPT $FROM_USER $HOME"; ls -l /tmp/theirs')).toMatch(new RegExp(`^root two words 1 /root\n.* ${user} `));
    await expect(session.become('nobody-of-that-name')).rejects.toBeInstanceOf(CannotBecome);
    await expect(session.become('-x; id')).rejects.toBeInstanceOf(CannotBecome);
    expect(await said('echo "$(id -un) $KEPT"')).toBe('root two words\n');
  });
});

async function listening(says: string): Promise<Server> {
  const server = createServer((_, response) => response.end(says)).listen(0, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

/** What the machine's kernel is told to do; some are not there in every kernel. */
const setting = (knob: string): string | undefined => (existsSync(`/proc/sys/${knob}`) && !knob.endsWith('/register') ? readFileSync(`/proc/sys/${knob}`, 'utf8') : undefined);

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
