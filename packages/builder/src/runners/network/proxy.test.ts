import { expect, test } from 'vitest';
import { isClosed } from './proxy.ts';

test.each([
  '127.0.0.1', '127.8.9.10', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fd00:ec2::254', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '0:0:0:0:0:ffff:169.254.169.254', '64:ff9b::7f00:1', '2002:7f00:1::', '::ffff:0:7f00:1', '::7f00:1', '100.100.100.200', '168.63.129.16',
])('%s is not outside', (address) => {
  expect(isClosed(address)).toBe(true);
});

test.each(['198.51.100.7', '203.0.113.9', '2001:db8::7'])('%s is outside', (address) => {
  expect(isClosed(address)).toBe(false);
});
