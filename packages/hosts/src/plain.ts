import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Host, HostKind, HostOptions } from './contract.ts';
import { HostError } from './contract.ts';
import { isAlive, killByEnvironment, markOf } from './processes.ts';
import { checkOptions, emptyFolder, hostEnvironment, loadRecord, saveRecord, SUPERVISOR, SYSTEM_PATH } from './record.ts';
import type { HostRecord } from './record.ts';

/**
 * Hosts without any isolation: processes of this machine and user, told apart by their port on 127.0.0.1. The AppSpec's
 * absolute paths are placed under the host's folder, but a script may write wherever its user may.
 */
export const plain: HostKind = {
  name: 'plain',
  unavailable: () => Promise.resolve(process.platform === 'linux' ? undefined : 'plain hosts need Linux: the processes of a host are found in /proc'),
  async create(options) {
    checkOptions(options);
    const reason = await plain.unavailable();
    if (reason !== undefined) throw new HostError(reason);
    await (await plain.open(options.folder))?.destroy();
    return start(options);
  },
  async open(folder) {
    const record = await loadRecord(folder);
    return record?.kind === 'plain' ? hostOf(folder, record) : undefined;
  },
};

const LOOPBACK = '127.0.0.1';

async function start(options: HostOptions): Promise<Host> {
  const folder = resolve(options.folder);
  await emptyFolder(folder);
  for (const sub of ['root', 'deployment-root']) await mkdir(join(folder, sub));
  const port = options.port ?? (await freePort());
  const record: HostRecord = { kind: 'plain', name: options.name, address: `http://${LOOPBACK}:${port}`, id: randomUUID(), processes: [] };
  await saveRecord(folder, record);
  await writeFile(join(folder, 'credentials.json'), JSON.stringify(options.credentials), { mode: 0o600 });
  await writeFile(join(folder, 'agent.json'), JSON.stringify({
    endpoint: options.endpoint, region: options.region, hostIdentifier: options.hostIdentifier,
    credentialsFile: join(folder, 'credentials.json'), rootDir: join(folder, 'deployment-root'), pathPrefix: join(folder, 'root'),
  }));
  const log = await open(join(folder, 'agent.log'), 'a');
  try {
    const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'supervisor', process.execPath, options.agentPath, '--config', join(folder, 'agent.json')], {
      cwd: folder,
      env: hostEnvironment(options, { id: record.id, address: LOOPBACK, port, path: `${dirname(process.execPath)}:${SYSTEM_PATH}`, home: join(folder, 'root') }),
      // A session of its own: the host does not end with the terminal or the process group that made it.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    supervisor.unref();
    const mark = await started(supervisor.pid);
    const complete = { ...record, processes: [mark] };
    await saveRecord(folder, complete);
    return hostOf(folder, complete);
  } finally {
    await log.close();
  }
}

async function started(pid: number | undefined) {
  const mark = pid === undefined ? undefined : await markOf(pid);
  if (mark === undefined) throw new HostError('the host\'s agent could not be started');
  return mark;
}

function hostOf(folder: string, record: HostRecord): Host {
  const at = resolve(folder);
  return {
    kind: 'plain', name: record.name, folder: at, address: record.address, logFile: join(at, 'agent.log'),
    pathOf: (path) => join(at, 'root', resolve('/', path)),
    async destroy() {
      // The supervisor first, lest it starts another agent.
      for (const mark of record.processes) if (await isAlive(mark)) process.kill(mark.pid, 'SIGKILL');
      await killByEnvironment(`SLIPWAY_HOST_ID=${record.id}`);
      await rm(at, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, LOOPBACK, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
