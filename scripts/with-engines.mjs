// Runs a command beside container engines of its own: node scripts/with-engines.mjs npx vitest run packages/builder
// Docker and Podman, whichever is installed, listen in a temporary folder, keep their images there, touch no firewall and
// make no bridge. TEST_ENGINES tells the tests their sockets, TEST_REGISTRY_PORTS the ports of 127.0.0.1 at which both take registries without TLS. What cannot be started is said, and its tests are skipped.
import { spawn, spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error('usage: node scripts/with-engines.mjs COMMAND [ARGUMENT...]');
  process.exit(2);
}

const START_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'slipway-engines-'));
const engines = [];
const registryPorts = await freePorts(8);
// The other driver copies the whole image for each container.
const overlay = overlays();
let exitCode = 1;
try {
  for (const start of [startDocker, startPodman]) await attempt(start);
  exitCode = await run();
} finally {
  for (const { child } of engines) await end(child);
  forget();
}
process.exitCode = exitCode;

async function attempt(start) {
  if (process.getuid?.() !== 0) return console.error(`${start.name}: only root can start an engine of its own; tests in containers are skipped`);
  const engine = start();
  if (engine === undefined) return;
  engines.push(engine);
  const until = Date.now() + START_MS;
  while (engine.child.exitCode === null && Date.now() < until) {
    if (await answers(engine.socket)) return;
    await delay(100);
  }
  engines.splice(engines.indexOf(engine), 1);
  await end(engine.child);
  console.error(`${engine.name} could not be started, its tests are skipped:\n${readFileSync(engine.log, 'utf8').trim().slice(-2_000)}`);
}

/** Whether the kernel lays one folder here over another, as it does not where ours is itself such a file system. */
function overlays() {
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(folder, 'probe', name));
  for (const path of [lower, upper, work, merged]) mkdirSync(path, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, merged], { stdio: 'ignore' });
  if (status === 0) spawnSync('umount', ['--', merged], { stdio: 'ignore' });
  return status === 0;
}

function inDocker(name) {
  return join(folder, 'docker', name);
}

function inPodman(name) {
  return join(folder, 'podman', name);
}

function startDocker() {
  if (!installed('dockerd')) return undefined;
  return engine('Docker', inDocker('sock'), 'dockerd', [
    '--iptables=false', '--ip6tables=false', '--bridge=none', `--storage-driver=${overlay ? 'overlay2' : 'vfs'}`, '--data-root', inDocker('data'), '--exec-root', inDocker('exec'), '--pidfile', inDocker('pid'), '--host', `unix://${inDocker('sock')}`,
  ]);
}

function startPodman() {
  if (!installed('podman')) return undefined;
  mkdirSync(inPodman(''), { recursive: true });
  // Docker takes any of this machine without TLS, Podman those that are named.
  writeFileSync(inPodman('registries.conf'), registryPorts.map((port) => `[[registry]]\nlocation = "127.0.0.1:${port}"\ninsecure = true\n`).join(''));
  // Limits below the machine's own: raising one takes a capability that root in a container of a test machine may lack.
  writeFileSync(inPodman('containers.conf'), '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n');
  return engine('Podman', inPodman('sock'), 'podman', ['--root', inPodman('root'), '--runroot', inPodman('run'), '--tmpdir', inPodman('tmp'), '--storage-driver', overlay ? 'overlay' : 'vfs', 'system', 'service', '--time', '0', `unix://${inPodman('sock')}`], { CONTAINERS_CONF: inPodman('containers.conf'), CONTAINERS_REGISTRIES_CONF: inPodman('registries.conf') });
}

function engine(name, socket, program, programArgs, environment = {}) {
  mkdirSync(join(socket, '..'), { recursive: true });
  const log = `${socket}.log`;
  const fd = openSync(log, 'w');
  // Podman's monitors leave files where they were started.
  const child = spawn(program, programArgs, { cwd: folder, stdio: ['ignore', fd, fd], env: { ...process.env, ...environment } });
  closeSync(fd);
  child.on('error', () => undefined);
  return { name, socket, log, child };
}

function installed(program) {
  return spawnSync('/bin/sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

function answers(socketPath) {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', headers: { host: 'engine' }, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false)).on('timeout', () => asked.destroy());
    asked.end();
  });
}

function run() {
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, TEST_ENGINES: engines.map(({ socket }) => socket).join(':'), TEST_REGISTRY_PORTS: registryPorts.join(' ') } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Nobody listens at them now; who does later is the tests' to find out. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([gone, delay(15_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
}

/** The engines leave mounts in their folders. */
function forget() {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4]).filter((path) => path?.startsWith(folder));
  for (const path of mounts.toReversed()) spawnSync('umount', ['--lazy', '--', path], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}
