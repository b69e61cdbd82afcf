import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { trustFor } from './certificates.ts';
import { codebuildFolder } from './layout.ts';

test('the certificates of a private authority stand before the well-known ones, where every program looks for them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-certificates-'));
  await mkdir(codebuildFolder(folder));
  const variables = await trustFor(folder, '/codebuild/output', '-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n');
  const text = await readFile(join(codebuildFolder(folder), 'certificates.pem'), 'utf8');
  await rm(folder, { recursive: true });
  expect(variables).toMatchObject({ AWS_CA_BUNDLE: '/codebuild/certificates.pem', NODE_EXTRA_CA_CERTS: '/codebuild/certificates.pem', GIT_SSL_CAINFO: '/codebuild/certificates.pem' });
  expect(text.startsWith('-----BEGIN CERTIFICATE-----\nours\n')).toBe(true);
  expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(rootCertificates.length + 1);
  expect(await trustFor(folder, '/codebuild/output', undefined)).toEqual({});
});
