import { execFileSync } from 'node:child_process';
import { closeSync, readlinkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Ahead } from './ahead.ts';
import type { NetworkNamespace } from './network/namespace.ts';
import type { NetworkRequest } from './network/network.ts';
import { sandboxRunner } from './sandbox.ts';

const works = (await sandboxRunner.unavailable()) === undefined;
const request: NetworkRequest = { mode: 'isolated' };
const open: NetworkNamespace[] = [];

afterEach(() => {
  for (const network of open.splice(0)) network.close();
});

test.runIf(works)('a network that was made ahead is handed out once, to a build that asks for just that', async () => {
  const ahead = new Ahead(request);
  const network = await ahead.network({ ...request });
  open.push(network!);
  const [program = '', ...args] = network!.enter;
  expect(execFileSync(program, [...args, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' }).trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
  expect(await ahead.network(request)).toBeUndefined();
});

test.runIf(works)('a network that was made for another request is not handed out', async () => {
  const ahead = new Ahead(request);
  expect(await ahead.network({ ...request, allow: ['10.0.0.0/8'] })).toBeUndefined();
  expect(await ahead.network(request)).toBeUndefined();
});

test.runIf(works && process.getuid?.() === 0)('users that were made ahead are handed out once', async () => {
  const ahead = new Ahead(undefined);
  expect(await ahead.network(request)).toBeUndefined();
  const users = await ahead.users();
  expect(readlinkSync(`/proc/self/fd/${users}`)).toMatch(/^user:/);
  expect(await ahead.users()).toBeUndefined();
  closeSync(users!);
});
