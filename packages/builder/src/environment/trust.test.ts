import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SYSTEM_BUNDLES, authorities } from '../runners/authorities.ts';
import { codebuildFolder } from '../runners/layout.ts';
import { trustFor } from './trust.ts';

const OURS = '-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-certificates-'));
  await mkdir(codebuildFolder(folder));
});
afterEach(() => rm(folder, { recursive: true }));

test('the certificates of a private authority stand before the well-known ones, where every program looks for them', async () => {
  const { environment } = await trustFor({ folder, runner: 'container', certificates: OURS }, '/codebuild/output');
  const text = await readFile(join(codebuildFolder(folder), 'certificates.pem'), 'utf8');
  expect(environment).toMatchObject({ AWS_CA_BUNDLE: '/codebuild/certificates.pem', NODE_EXTRA_CA_CERTS: '/codebuild/certificates.pem', GIT_SSL_CAINFO: '/codebuild/certificates.pem' });
  expect(text.startsWith('-----BEGIN CERTIFICATE-----\nours\n')).toBe(true);
  expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(rootCertificates.length + 1);
});

test('without a private authority programs are told nothing', async () => {
  expect((await trustFor({ folder, runner: 'plain' }, '/codebuild/output')).environment).toEqual({});
  expect(existsSync(join(codebuildFolder(folder), 'certificates.pem'))).toBe(false);
});

test.runIf(existsSync(SYSTEM_BUNDLES[0]!))("what the machine trusts is trusted by builds that use the machine's own system", async () => {
  await trustFor({ folder, runner: 'sandbox', certificates: OURS }, '/codebuild/output');
  expect(await readFile(join(codebuildFolder(folder), 'certificates.pem'), 'utf8')).toContain(await readFile(SYSTEM_BUNDLES[0]!, 'utf8'));
});

test("the machine's authorities are the first bundle that is there, before the well-known ones", async () => {
  await writeFile(join(folder, 'bundle.pem'), OURS);
  expect(authorities([join(folder, 'none.pem'), join(folder, 'bundle.pem')])).toEqual([OURS, ...rootCertificates]);
  expect(authorities([])).toEqual(rootCertificates);
});
