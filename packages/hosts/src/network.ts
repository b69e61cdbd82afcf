import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { HostError } from './contract.ts';

const run = promisify(execFile);

/** Host networks are the 16,384 quarters of 10.213.0.0/16: two usable addresses each, the machine's and the host's. */
const NETWORKS = 16_384;
const TRIES = 64;

export interface HostNetwork {
  readonly gateway: string;
  readonly address: string;
}

/**
 * Joins the network namespace of `pid` to this machine by a pair of virtual cards and gives the machine's end its address.
 * The card's name is the claim to the network: the kernel lets one of two that ask have it. It goes when the namespace goes.
 */
export async function joinNetwork(pid: number): Promise<HostNetwork> {
  const first = randomInt(NETWORKS);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const number = (first + attempt) % NETWORKS;
    const card = `slipway${number}`;
    try {
      await run('ip', ['link', 'add', card, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
    } catch (error) {
      if (String((error as { stderr?: string }).stderr).includes('File exists')) continue;
      throw error;
    }
    const base = `10.213.${number >> 6}.`;
    const quarter = (number & 63) * 4;
    await run('ip', ['address', 'add', `${base}${quarter + 1}/30`, 'dev', card]);
    await run('ip', ['link', 'set', card, 'up']);
    return { gateway: `${base}${quarter + 1}`, address: `${base}${quarter + 2}` };
  }
  throw new HostError('no network is free for another host');
}
