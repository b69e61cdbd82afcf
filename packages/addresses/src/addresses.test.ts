import { expect, it } from 'vitest';
import { createJudge, parseRanges } from './addresses.ts';

const judge = createJudge([]);

it.each(['1.1.1.1', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0', '11.0.0.0', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450::1', '::ffff:1.1.1.1', '64:ff9b::101:101', '2002:101:101::'])(
  'a public address is allowed: %s',
  (address) => expect(judge(address)).toBe(true),
);

it.each([
  ['this network', '0.0.0.0'], ['this network', '0.1.2.3'], ['private', '10.0.0.1'], ['private', '172.16.0.1'], ['private', '172.31.255.255'], ['private', '192.168.1.1'],
  ['carrier-grade NAT', '100.64.0.1'], ['carrier-grade NAT', '100.127.255.255'], ['loopback', '127.0.0.1'], ['loopback', '127.255.255.254'],
  ['link-local', '169.254.1.1'], ['metadata', '169.254.169.254'], ['metadata of another cloud', '168.63.129.16'], ['protocol assignments', '192.0.0.192'],
  ['documentation', '192.0.2.1'], ['documentation', '198.51.100.1'], ['documentation', '203.0.113.1'], ['benchmarks', '198.18.0.1'], ['6to4 relays', '192.88.99.1'],
  ['multicast', '224.0.0.1'], ['multicast', '239.255.255.255'], ['reserved', '240.0.0.1'], ['broadcast', '255.255.255.255'],
  ['unspecified', '::'], ['loopback', '::1'], ['loopback, in full', '0:0:0:0:0:0:0:1'], ['unique local', 'fd12::1'], ['unique local', 'fc00::1'], ['metadata', 'fd00:ec2::254'],
  ['link-local', 'fe80::1'], ['link-local with a zone', 'fe80::1%eth0'], ['a zone on a public address', '2606:4700::1%eth0'], ['site-local', 'fec0::1'], ['multicast', 'ff02::1'],
  ['documentation', '2001:db8::1'], ['documentation', '3fff::1'], ['Teredo', '2001:0:1::1'], ['discard', '100::1'],
  ['mapped loopback', '::ffff:127.0.0.1'], ['mapped loopback, in hex', '::ffff:7f00:1'], ['mapped metadata', '::ffff:a9fe:a9fe'], ['compatible loopback', '::127.0.0.1'],
  ['compatible public', '::1.1.1.1'], ['translated loopback', '::ffff:0:127.0.0.1'], ['NAT64 of private', '64:ff9b::10.0.0.1'], ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
  ['local NAT64', '64:ff9b:1::1.1.1.1'], ['6to4 of private', '2002:a00:1::1'], ['6to4 of loopback', '2002:7f00:1::'],
  ['no address', 'localhost'], ['no address', ''], ['an address in another form', '0x7f.1'], ['an address with zeros', '127.0.0.01'],
])('what is not public is not allowed: %s %s', (_what, address) => expect(judge(address)).toBe(false));

it('allows what the ranges say, also within IPv6, and nothing else', () => {
  const some = createJudge(['10.1.0.0/16', 'fd00::/8']);
  expect(['10.1.2.3', '::ffff:10.1.2.3', '64:ff9b::10.1.2.3', 'fd12::1', '1.1.1.1'].map(some)).toEqual([true, true, true, true, true]);
  expect(['10.2.0.1', '::ffff:10.2.0.1', 'fc00::1', '127.0.0.1'].map(some)).toEqual([false, false, false, false]);
});

it('never allows what hands out the machine\'s credentials', () => {
  const all = createJudge(['0.0.0.0/0', '::/0', ...parseRanges('private,loopback')!]);
  expect(['169.254.169.254', '169.254.170.2', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254', 'fd20:ce::254', '192.0.0.192', '100.100.100.200'].map(all)).toEqual(Array.from({ length: 8 }, () => false));
  expect(['127.0.0.1', '10.0.0.1', '::1'].map(all)).toEqual([true, true, true]);
});

it('reads ranges, and words for some', () => {
  expect(parseRanges('')).toEqual([]);
  expect(parseRanges(' 10.0.0.0/8 ,::1/128,')).toEqual(['10.0.0.0/8', '::1/128']);
  expect(parseRanges('loopback')).toEqual(['127.0.0.0/8', '::1/128']);
  const some = createJudge(parseRanges('private')!);
  expect(['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', 'fd00::1'].map(some)).toEqual([true, true, true, true, true]);
  expect(['127.0.0.1', '169.254.0.1', 'fe80::1', '0.0.0.0'].map(some)).toEqual([false, false, false, false]);
});

it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', 'fe80::%eth0/64', 'example.com', 'Private', '10.0.0.0/', 'constructor'])('refuses as a range: %s', (text) =>
  expect(parseRanges(text)).toBeUndefined(),
);
