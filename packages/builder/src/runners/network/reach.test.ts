import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createOpen, createReach } from './reach.ts';

const own = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal)?.address;

describe('a build reaches', () => {
  test.each([
    '127.0.0.1', '127.8.9.10', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fc00::1', 'fd12::1', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fd00:ec2::254',
    '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '0:0:0:0:0:ffff:169.254.169.254', '64:ff9b::7f00:1', '2002:7f00:1::', '::ffff:0:7f00:1', '::7f00:1', '100.100.100.200', '168.63.129.16',
  ])('not %s, by default', async (address) => {
    const reach = createReach({ outside: true });
    await expect(reach(address.includes(':') ? `[${address}]` : address, 80)).rejects.toThrow(/^Builds reach public addresses here/);
  });

  test.each(['1.1.1.1', '::ffff:1.1.1.1', '2606:4700:4700::1111'])('%s', async (address) => {
    expect(await createReach({ outside: true })(address.includes(':') ? `[${address}]` : address, 443)).toEqual([address]);
  });

  test('what the installation opens, and no metadata address with it', () => {
    const open = createOpen(['10.0.0.0/8', '169.254.0.0/16']);
    expect(['10.1.2.3', '192.168.1.1', '127.0.0.1', '169.254.169.254', '169.254.0.9'].map(open)).toEqual([true, false, false, false, true]);
  });

  test.skipIf(own === undefined)('this machine by its other addresses only where its loopback is open, too', () => {
    expect(createOpen([`${own}/32`])(own!)).toBe(false);
    expect(createOpen([`${own}/32`])(`::ffff:${own}`)).toBe(false);
    expect(createOpen([`${own}/32`, '127.0.0.0/8'])(own!)).toBe(true);
  });

  test('those addresses of a name that are open, and asks for them once', async () => {
    const asked: string[] = [];
    const reach = createReach({ outside: true, resolver: async (host) => { asked.push(host); return ['10.0.0.1', '1.1.1.1', '2606:4700:4700::1111', '::1']; } });
    expect(await reach('mixed.example', 80)).toEqual(['1.1.1.1', '2606:4700:4700::1111']);
    expect(asked).toEqual(['mixed.example']);
    await expect(createReach({ outside: true, resolver: async () => ['127.0.0.1', '10.0.0.1'] })('inner.example', 80)).rejects.toThrow('inner.example is 127.0.0.1, 10.0.0.1');
    await expect(createReach({ outside: true })('localhost', 80)).rejects.toThrow(/localhost is /);
  });

  test('the server wherever it is, and nothing else where there is no outside, without asking for its name', async () => {
    const asked: string[] = [];
    const reach = createReach({ outside: false, always: 'slipway.example:4566', resolver: async (host) => { asked.push(host); return ['10.0.0.1']; } });
    expect(await reach('slipway.example', 4566)).toEqual(['10.0.0.1']);
    await expect(reach('secret.attacker.example', 80)).rejects.toThrow('Builds reach nothing but the server here');
    await expect(reach('slipway.example', 22)).rejects.toThrow('Builds reach nothing but the server here');
    expect(asked).toEqual(['slipway.example']);
  });
});
