import { BlockList, isIP } from 'node:net';

/**
 * Which addresses are public, and which others an installation allows.
 *
 * An IPv6 address that only wraps an IPv4 one (mapped, NAT64, 6to4) is judged by the one within, where the packets end.
 */

/** IPv4 that is nobody's on the Internet: IANA's special-purpose registry, multicast and what is reserved. */
const notPublic4 = blockList([
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24',
  '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
]);

/** All of IPv6 that is handed out to be reached. */
const global6 = blockList(['2000::/3']);

/** Within it: protocol assignments with Teredo, documentation, both of them. */
const notPublic6 = blockList(['2001::/23', '2001:db8::/32', '3fff::/20']);

/** Where clouds hand this machine's own credentials to whoever asks from it. No setting opens these. */
const metadata4 = blockList(['169.254.169.254/32', '169.254.170.2/32', '169.254.170.23/32', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32']);
const metadata6 = blockList(['fd00:ec2::/32', 'fd20:ce::254/128']);

/** What the words of the setting stand for. Link-local is in none of them. */
const words: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
};

/** The ranges that a setting names: CIDRs, `private`, `loopback`. Undefined when one of them is neither. */
export function parseRanges(text: string): readonly string[] | undefined {
  const ranges = text.split(',').map((part) => part.trim()).filter((part) => part !== '').flatMap((part) => (Object.hasOwn(words, part) ? words[part]! : [part]));
  return ranges.every(isRange) ? ranges : undefined;
}

function isPublic6(address: string): boolean {
  return global6.check(address, 'ipv6') && !notPublic6.check(address, 'ipv6');
}

/** Whether an address may be connected to, given the ranges that the installation allows beyond the public ones. */
export function createJudge(allowed: readonly string[]): (address: string) => boolean {
  const exceptions = blockList(allowed);
  const allows4 = (address: string): boolean => !metadata4.check(address, 'ipv4') && (exceptions.check(address, 'ipv4') || !notPublic4.check(address, 'ipv4'));
  const allows6 = (address: string): boolean => !metadata6.check(address, 'ipv6') && (exceptions.check(address, 'ipv6') || isPublic6(address));
  return (address) => {
    const family = isIP(address);
    // A zone (`fe80::1%eth0`) makes sense on a link only.
    if (family === 0 || address.includes('%')) return false;
    const within = family === 4 ? address : embedded(expand(address));
    return within === undefined ? allows6(address) : allows4(within);
  };
}

function isRange(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!;
  return rest.length === 0 && !address.includes('%') && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** The eight groups of a valid IPv6 address. */
function expand(address: string): number[] {
  const tailed = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = tailed
    ? `${tailed[1]}${((Number(tailed[2]) << 8) | Number(tailed[3])).toString(16)}:${((Number(tailed[4]) << 8) | Number(tailed[5])).toString(16)}`
    : address;
  const [before = '', after] = plain.split('::');
  const head = groups(before);
  if (after === undefined) return head;
  const tail = groups(after);
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The IPv4 address that packets to an IPv6 one end at. */
function embedded(address: readonly number[]): string | undefined {
  const starts = (...prefix: number[]): boolean => prefix.every((group, i) => address[i] === group);
  const [, second, third, , , , seventh, eighth] = address as [number, number, number, number, number, number, number, number];
  const mapped = starts(0, 0, 0, 0, 0, 0xffff);
  const translated = starts(0, 0, 0, 0, 0xffff, 0);
  const nat64 = starts(0x64, 0xff9b, 0, 0, 0, 0);
  if (mapped || translated || nat64) return dotted(seventh, eighth);
  if (starts(0x2002)) return dotted(second, third);
  return undefined;
}
