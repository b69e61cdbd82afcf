import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { serve, startHelper } from './network.ts';
import type { Network, NetworkRequest } from './network.ts';
import { isRoot } from '../users.ts';

/** A network namespace without anything but its loopback and our ways out. */
export interface NetworkNamespace extends Network {
  /** The command that runs a program in it. */
  readonly enter: readonly string[];
}

/**
 * Makes a network namespace by bubblewrap, which also brings its loopback up. It belongs to the machine's own user
 * namespace where we are root, so that whatever the build becomes in its own, it administers no network.
 */
export async function makeNetworkNamespace(request: NetworkRequest): Promise<NetworkNamespace> {
  const helper = startHelper(['bwrap', '--unshare-net', '--dev-bind', '/', '/', '--die-with-parent', '--info-fd', '4', '--'], ['pipe']);
  const held: number[] = [];
  const release = (): void => held.splice(0).forEach((fd) => closeSync(fd));
  try {
    const pid = await childPid(helper.child.stdio[4] as Readable);
    // An open descriptor keeps a namespace without any process in it.
    for (const kind of ['net', ...(isRoot() ? [] : ['user'])]) held.push(openSync(`/proc/${pid}/ns/${kind}`, 'r'));
    const network = await serve(helper, request);
    const [net, user] = held.map((fd) => `/proc/${process.pid}/fd/${fd}`);
    return { ...network, enter: enter(net ?? '', user), close: () => { network.close(); release(); } };
  } catch (error) {
    release();
    throw error;
  } finally {
    helper.end();
  }
}

/** Opens the ways out of the namespace that a running process is in. */
export async function joinNetworkNamespace(pid: number, request: NetworkRequest): Promise<Network> {
  const helper = startHelper(enter(`/proc/${pid}/ns/net`, isRoot() ? undefined : `/proc/${pid}/ns/user`));
  try {
    return await serve(helper, request);
  } finally {
    helper.end();
  }
}

function enter(network: string, user: string | undefined): string[] {
  return ['nsenter', ...(user === undefined ? [] : [`--user=${user}`, '--preserve-credentials']), `--net=${network}`, '--'];
}

async function childPid(info: Readable): Promise<number> {
  let said = '';
  for await (const chunk of info) said += String(chunk);
  const pid = /"child-pid":\s*(\d+)/.exec(said)?.[1];
  if (pid === undefined) throw new Error("The build's network could not be made: bubblewrap did not start");
  return Number(pid);
}
