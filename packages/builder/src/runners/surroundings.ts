import { closeSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Cgroup } from './limits/cgroup.ts';
import { createCgroup } from './limits/cgroup.ts';
import { clamped } from './limits/compute.ts';
import type { Limits } from './limits/compute.ts';
import { makeNetworkNamespace } from './network/namespace.ts';
import type { NetworkNamespace } from './network/namespace.ts';
import type { ProcessStat } from './processes.ts';
import type { WorkspaceRequest } from './runner.ts';
import { memoryKills, usageOfGroups } from './usage/of-groups.ts';
import type { Usage } from './usage/usage.ts';
import { isRoot, makeUserNamespace } from './users.ts';

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
  /** All processes within the limits' control group; undefined where there is none. */
  processes(): ProcessStat[] | undefined;
  measure(): Usage;
  memoryKills(): number;
  close(): Promise<void>;
}

export async function surround(request: WorkspaceRequest): Promise<Surroundings> {
  const { limits: allowed, notices } = clamped(request.limits ?? {}, { memoryBytes: totalmem(), cpus: availableParallelism() });
  const limited = [allowed.memoryBytes, allowed.cpus, allowed.processes].some((limit) => limit !== undefined);
  const cgroup = limited ? await createCgroup(request.mark, allowed) : undefined;
  const made = await Promise.allSettled([networkFor(request), usersFor(request)]);
  let [network, users] = [valueOf(made[0]), valueOf(made[1])];
  const failed = made.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') {
    network?.close();
    if (users !== undefined) closeSync(users);
    await cgroup?.remove();
    throw failed.reason;
  }
  return {
    prefix: [...enterLimits(cgroup, allowed), ...(network?.enter ?? [])],
    environment: network?.environment ?? {},
    notices: [...notices, ...(limited && cgroup === undefined ? ['Control groups cannot be used here: memory and processes are limited by rlimit, for each process and user, processors are not limited'] : [])],
    ...(isRoot() ? {} : { otherUsers: 'only root exists in the sandbox, unless Slipway itself runs as root' }),
    ...(users === undefined ? {} : { userNamespace: users }),
    processes: () => cgroup?.processes(),
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

async function networkFor({ network, ahead }: WorkspaceRequest): Promise<NetworkNamespace | undefined> {
  if (network === undefined || network.mode === 'host') return undefined;
  return (await ahead?.network(network)) ?? makeNetworkNamespace(network);
}

async function usersFor({ otherUsers = false, ahead }: WorkspaceRequest): Promise<number | undefined> {
  if (!isRoot()) return undefined;
  return (otherUsers ? undefined : await ahead?.users()) ?? makeUserNamespace(otherUsers);
}

const valueOf = <T>(result: PromiseSettledResult<T>): T | undefined => (result.status === 'fulfilled' ? result.value : undefined);

function enterLimits(cgroup: Cgroup | undefined, { memoryBytes, processes }: Limits): readonly string[] {
  if (cgroup !== undefined) return cgroup.enter;
  const rlimits = [...(memoryBytes === undefined ? [] : [`--data=${memoryBytes}`]), ...(processes === undefined ? [] : [`--nproc=${processes}`])];
  return rlimits.length === 0 ? [] : ['prlimit', ...rlimits, '--'];
}
