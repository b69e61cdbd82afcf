import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for loopback by an authority that nobody else knows. */
export interface TestCertificate {
  /** PEM of the authority. */
  readonly authority: string;
  /** PEM of the server's certificate and of the authority's, as a server shows them. */
  readonly certificate: string;
  readonly key: string;
  /** The same as files. */
  readonly files: { readonly authority: string; readonly certificate: string; readonly key: string };
  remove(): void;
}

const newKey = (key: string): string[] => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];

/** Made by the program openssl. `names`: what the certificate is for. */
export function makeCertificate(names: readonly string[] = ['IP:127.0.0.1', 'DNS:localhost']): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tls-'));
  const files = { authority: join(folder, 'ca.pem'), certificate: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') };
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  openssl('req', '-x509', ...newKey('ca-key.pem'), '-out', files.authority, '-days', '2', '-subj', '/CN=An authority of tests');
  openssl('req', ...newKey(files.key), '-out', 'server.csr', '-subj', '/CN=slipway.test');
  writeFileSync(join(folder, 'extensions'), `subjectAltName=${names.join(',')}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
  openssl('x509', '-req', '-in', 'server.csr', '-CA', files.authority, '-CAkey', 'ca-key.pem', '-CAcreateserial', '-out', 'leaf.pem', '-days', '2', '-extfile', 'extensions');
  const authority = readFileSync(files.authority, 'utf8');
  const certificate = readFileSync(join(folder, 'leaf.pem'), 'utf8') + authority;
  writeFileSync(files.certificate, certificate);
  return { authority, certificate, key: readFileSync(files.key, 'utf8'), files, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
