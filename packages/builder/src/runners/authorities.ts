import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { isCode } from '../is-code.ts';

/** Where systems keep the authorities that they trust, in one file: Debian, Red Hat, SUSE, Alpine and the BSDs. */
export const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'];

/** PEM: those that this machine trusts, which may know more than the world does, and the well-known ones. */
export function authorities(files: readonly string[] = SYSTEM_BUNDLES): string[] {
  for (const file of files) {
    try {
      return [readFileSync(file, 'utf8'), ...rootCertificates];
    } catch (error) {
      // Not that kind of system, or nothing for us to read.
      if (!isCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    }
  }
  return [...rootCertificates];
}
