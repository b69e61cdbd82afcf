import { BlockList, isIP } from 'node:net';

/** Tells whether an address lies in a block of addresses. */
export type AddressTest = (address: string) => boolean;

/** Reads `203.0.113.0/24`, `2001:db8::/32` or a single address; undefined when it is neither. */
export function addressBlock(text: string): AddressTest | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const longest = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (bits > longest) return undefined;
  const list = new BlockList();
  list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  return (candidate) => {
    const plain = candidate.startsWith('::ffff:') ? candidate.slice(7) : candidate;
    const kind = isIP(plain);
    return kind !== 0 && list.check(plain, kind === 4 ? 'ipv4' : 'ipv6');
  };
}
