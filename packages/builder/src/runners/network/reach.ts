import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createJudge } from '@slipway/addresses';

export interface ReachRules {
  /** Whether anything may be reached beside `always`. */
  readonly outside: boolean;
  /** `host:port` that may be reached in any case: the server's own endpoint. */
  readonly always?: string;
  /** Ranges in CIDR notation that may be reached beyond public addresses. */
  readonly allow?: readonly string[];
  /** All addresses of a name; the machine's resolver unless given. */
  readonly resolver?: (host: string) => Promise<readonly string[]>;
}

/** The address is closed to builds. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The addresses to connect to, and to no others: a name is looked up once, so that what was judged is what is reached. */
export type Reach = (hostname: string, port: number) => Promise<readonly string[]>;

/**
 * What a build reaches is what one of CodeBuild's without a VPC does: public addresses, not this machine and not the
 * networks that it is in, unless the installation opens some.
 */
export function createReach({ outside, always, allow = [], resolver = systemResolver }: ReachRules): Reach {
  const isOpen = createOpen(allow);
  return async (hostname, port) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const isServer = always === `${hostname}:${port}`;
    // Before the name is looked up: names alone can carry something outside.
    if (!outside && !isServer) throw new Refused(`Builds reach nothing but the server here, not ${hostname}:${port}`);
    const addresses = isIP(host) === 0 ? await resolver(host) : [host];
    const open = isServer ? addresses : addresses.filter(isOpen);
    if (open.length === 0) throw new Refused(`Builds reach public addresses here, and those that --build-network-allow opens: ${hostname} is ${addresses.join(', ') || 'nowhere'}`);
    return open;
  };
}

/** This machine's own addresses, public ones too, are as open as its loopback: what listens on them may listen for it alone. */
export function createOpen(allow: readonly string[]): (address: string) => boolean {
  const judge = createJudge(allow);
  const machine = judge('127.0.0.1');
  return (address) => judge(address) && (machine || !isOwn(address));
}

function isOwn(address: string): boolean {
  const plain = plainAddress(address);
  return Object.values(networkInterfaces()).some((list) => (list ?? []).some((one) => plainAddress(one.address) === plain));
}

/** One spelling of each address; `::ffff:192.0.2.1` in any spelling is 192.0.2.1. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

const systemResolver = async (host: string): Promise<readonly string[]> => (await lookup(host, { all: true })).map(({ address }) => address);
