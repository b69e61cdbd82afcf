import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Host, HostKind, HostOptions } from './contract.ts';
import { HostError } from './contract.ts';
import { INIT_PROGRAM } from './netns-init.ts';
import { joinNetwork } from './network.ts';
import { isAlive, killByEnvironment, killMarked, markOf } from './processes.ts';
import type { ProcessMark } from './processes.ts';
import { checkOptions, emptyFolder, hostEnvironment, loadRecord, saveRecord, SUPERVISOR, SYSTEM_PATH } from './record.ts';
import type { HostRecord } from './record.ts';
import { RELAY_PROGRAM } from './relay.ts';

/**
 * Hosts with a network address, processes and files of their own, for root on Linux. The host's files are this machine's with
 * its own changes laid over them. Meant to tell hosts apart, not to jail: what runs there is root.
 */
export const netns: HostKind = {
  name: 'netns',
  unavailable,
  async create(options) {
    checkOptions(options);
    const endpoint = loopbackOf(options.endpoint);
    const reason = await unavailable();
    if (reason !== undefined) throw new HostError(reason);
    await (await netns.open(options.folder))?.destroy();
    return start(options, endpoint);
  },
  async open(folder) {
    const record = await loadRecord(folder);
    return record?.kind === 'netns' ? hostOf(folder, record) : undefined;
  },
};

const AGENT = 'opt/codedeploy-agent';
const HTTP_PORT = 80;

async function unavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'hosts with their own network need Linux';
  if (process.getuid?.() !== 0) return 'hosts with their own network need root';
  const trial = 'ip link add slipway-try type veth peer name eth0 && mount -t tmpfs none /mnt && command -v pivot_root hostname';
  try {
    await promisify(execFile)('unshare', ['--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--', '/bin/sh', '-c', trial], { env: { PATH: SYSTEM_PATH } });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return `namespaces, virtual network cards or mounts are not allowed here: ${(stderr || message).trim().split('\n')[0] ?? ''}`;
  }
}

function loopbackOf(endpoint: string): string {
  const url = new URL(endpoint);
  if (!/^(127\.\d+\.\d+\.\d+|localhost)$/.test(url.hostname)) throw new HostError(`a host with its own network reaches a server on this machine's loopback only, not ${url.origin}`);
  return `${url.hostname === 'localhost' ? '127.0.0.1' : url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
}

async function start(options: HostOptions, endpoint: string): Promise<Host> {
  const folder = resolve(options.folder);
  await emptyFolder(folder);
  const record: HostRecord = { kind: 'netns', name: options.name, address: '', id: randomUUID(), processes: [] };
  await saveRecord(folder, record);
  await furnish(folder, options);
  const log = await open(join(folder, 'agent.log'), 'a');
  try {
    const complete = await boot(folder, options, record, endpoint, log.fd);
    await saveRecord(folder, complete);
    return hostOf(folder, complete);
  } catch (cause) {
    const said = (await readFile(join(folder, 'agent.log'), 'utf8')).trim();
    await hostOf(folder, record).destroy();
    throw new HostError(`the host ${options.name} could not be started: ${said || String(cause)}`, { cause });
  } finally {
    await log.close();
  }
}

/** The files that the host has beyond this machine's. */
async function furnish(folder: string, options: HostOptions): Promise<void> {
  for (const sub of ['root', 'work', 'relay', 'upper', 'upper/mnt', 'upper/run', 'upper/tmp']) await mkdir(join(folder, sub), { mode: 0o755 });
  const [conf, agent] = [join(folder, 'upper/etc/codedeploy-agent/conf'), join(folder, 'upper', AGENT)];
  await mkdir(conf, { recursive: true, mode: 0o755 });
  await mkdir(join(agent, 'bin'), { recursive: true, mode: 0o755 });
  await copyFile(options.agentPath, join(agent, 'agent.js'));
  await writeFile(join(conf, 'credentials.json'), JSON.stringify(options.credentials), { mode: 0o600 });
  await writeFile(join(conf, 'agent.json'), JSON.stringify({
    endpoint: options.endpoint, region: options.region, hostIdentifier: options.hostIdentifier,
    credentialsFile: '/etc/codedeploy-agent/conf/credentials.json',
  }));
}

async function boot(folder: string, options: HostOptions, record: HostRecord, endpoint: string, log: number): Promise<HostRecord> {
  const port = options.port ?? HTTP_PORT;
  const relay = spawn('/bin/sh', ['-c', SUPERVISOR, 'supervisor', process.execPath, '-e', RELAY_PROGRAM, './endpoint.sock', endpoint], {
    cwd: join(folder, 'relay'), env: { PATH: SYSTEM_PATH, SLIPWAY_HOST_ID: record.id }, detached: true, stdio: ['ignore', log, log],
  });
  relay.unref();
  // The address is known only once the first process is there: that one sets it for all others.
  const namespaces = spawn('unshare', [
    '--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--kill-child=SIGKILL', '--',
    '/bin/sh', '-c', INIT_PROGRAM, 'init', options.name, process.execPath, RELAY_PROGRAM, endpoint, ...(options.hide ?? []).map((path) => resolve(path)),
  ], {
    cwd: folder, detached: true, stdio: ['pipe', log, log, 'pipe'],
    env: hostEnvironment(options, { id: record.id, address: '', port, path: `/${AGENT}/bin:${SYSTEM_PATH}`, home: '/root' }),
  });
  const heard = words(namespaces);
  await heard('ready');
  const init = await firstChild(namespaces.pid);
  const network = await joinNetwork(init.pid);
  namespaces.stdin?.end(`${network.address} ${network.gateway}\n`);
  await heard('up');
  namespaces.unref();
  const parent = namespaces.pid === undefined ? undefined : await markOf(namespaces.pid);
  return { ...record, address: `http://${network.address}${port === HTTP_PORT ? '' : `:${port}`}`, processes: [init, ...(parent === undefined ? [] : [parent])] };
}

/** Waits for the first process's words in turn; throws when it ends instead. */
function words(child: ChildProcess): (word: string) => Promise<void> {
  const lines = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => {});
  return async (word) => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done || value !== word) throw new HostError(`expected ${word}, heard ${String(value)}`);
  };
}

async function firstChild(pid: number | undefined): Promise<ProcessMark> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const mark = await markOf(Number(children.trim().split(' ')[0]));
  if (mark === undefined) throw new HostError('the host\'s first process has ended');
  return mark;
}

function hostOf(folder: string, record: HostRecord): Host {
  const at = resolve(folder);
  return {
    kind: 'netns', name: record.name, folder: at, address: record.address, logFile: join(at, 'agent.log'),
    pathOf: (path) => join(`/proc/${record.processes[0]?.pid ?? 0}/root`, resolve('/', path)),
    async destroy() {
      // With its first process the kernel ends every other one of the host, and with the last of them its network and mounts.
      for (const mark of record.processes) if (await isAlive(mark)) await killMarked(mark);
      await killByEnvironment(`SLIPWAY_HOST_ID=${record.id}`);
      await rm(at, { recursive: true, force: true });
    },
  };
}
