import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Cgroup } from './limits/cgroup.ts';
import { createCgroup } from './limits/cgroup.ts';
import { clamped } from './limits/compute.ts';
import type { Limits } from './limits/compute.ts';
import { makeNetworkNamespace } from './network/namespace.ts';
import type { NetworkNamespace } from './network/namespace.ts';
import type { WorkspaceRequest } from './runner.ts';
import { memoryKills, usageOfGroups } from './usage/of-groups.ts';
import type { Usage } from './usage/usage.ts';

/** What lies around a sandbox: its limits, its network, and the users that exist in it. */
export interface Surroundings {
  /** The command that starts a program within them. */
  readonly prefix: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  /** Why only root exists in it. */
  readonly otherUsers?: string;
  /** The descriptor of the user namespace to use. */
  readonly userNamespace?: number;
  measure(): Usage;
  memoryKills(): number;
  close(): Promise<void>;
}

/** Enters each control group, then becomes the program. */
const ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 1; shift; done; shift; exec "$@"';

export async function surround(request: WorkspaceRequest): Promise<Surroundings> {
  const { limits: allowed, notices } = clamped(request.limits ?? {}, { memoryBytes: totalmem(), cpus: cpus().length });
  const limited = Object.keys(allowed).length > 0;
  const cgroup = limited ? await createCgroup(request.mark, allowed) : undefined;
  let network: NetworkNamespace | undefined;
  let users: number | undefined;
  try {
    if (request.network !== undefined && request.network.mode !== 'host') network = await makeNetworkNamespace(request.network);
    if (isRoot()) users = await makeUserNamespace(request.otherUsers === true);
  } catch (error) {
    network?.close();
    await cgroup?.remove();
    throw error;
  }
  return {
    prefix: [...enterLimits(cgroup, allowed), ...(network?.enter ?? [])],
    environment: network?.environment ?? {},
    notices: [...notices, ...(limited && cgroup === undefined ? ['Control groups cannot be used here: memory and processes are limited by rlimit, for each process and user, processors are not limited'] : [])],
    ...(isRoot() ? {} : { otherUsers: 'only root exists in the sandbox, unless Slipway itself runs as root' }),
    ...(users === undefined ? {} : { userNamespace: users }),
    measure: () => ({ ...(cgroup === undefined ? {} : usageOfGroups(cgroup.groups)), ...network?.usage() }),
    memoryKills: () => (cgroup === undefined ? 0 : memoryKills(cgroup.groups)),
    async close() {
      network?.close();
      network = undefined;
      if (users !== undefined) closeSync(users);
      users = undefined;
      await cgroup?.remove();
    },
  };
}

const isRoot = (): boolean => process.getuid?.() === 0;

function enterLimits(cgroup: Cgroup | undefined, { memoryBytes, processes }: Limits): string[] {
  if (cgroup !== undefined) return ['/bin/sh', '-c', ENTER, 'sh', ...cgroup.procs, '--'];
  const rlimits = [...(memoryBytes === undefined ? [] : [`--data=${memoryBytes}`]), ...(processes === undefined ? [] : [`--nproc=${processes}`])];
  return rlimits.length === 0 ? [] : ['prlimit', ...rlimits, '--'];
}

/** Inside, users 1 to 65535 are these of the machine, which nobody else is: no daemon of the machine shares one with a build. */
const FIRST_OUTER_ID = 1_879_048_192;

/**
 * A user namespace, made ahead of bubblewrap: with root alone in it, or with all users. It allows no further one inside,
 * in which the build would be given the capabilities that bubblewrap takes from it, to mount its control groups with.
 */
async function makeUserNamespace(otherUsers: boolean): Promise<number> {
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
  const child = spawn('unshare', ['--user', '--', '/bin/sh', '-c', 'echo ready; read -r x'], { stdio: ['pipe', 'pipe', 'ignore'], env });
  try {
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('A user namespace for the sandbox could not be made')))]);
    for (const map of ['uid_map', 'gid_map']) await writeFile(`/proc/${child.pid}/${map}`, otherUsers ? `0 0 1\n1 ${FIRST_OUTER_ID} 65535\n` : '0 0 1\n');
    await promisify(execFile)('nsenter', [`--user=/proc/${child.pid}/ns/user`, '--', '/bin/sh', '-c', 'echo 0 >/proc/sys/user/max_user_namespaces'], { env });
    return openSync(`/proc/${child.pid}/ns/user`, 'r');
  } finally {
    child.kill('SIGKILL');
  }
}
