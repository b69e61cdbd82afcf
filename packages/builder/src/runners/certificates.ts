import { writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { rootCertificates } from 'node:tls';
import { codebuildFolder } from './layout.ts';

const FILE = 'certificates.pem';

/**
 * Has a build's programs trust further authorities, and tells the variables by which they learn of it. The file holds the
 * well-known authorities too: most of these variables replace what a program trusts rather than add to it.
 *
 * @param output `/codebuild/output` as the build sees it
 */
export async function trustFor(folder: string, output: string, certificates: string | undefined): Promise<Record<string, string>> {
  if (certificates === undefined) return {};
  await writeFile(join(codebuildFolder(folder), FILE), [certificates.trimEnd(), ...rootCertificates, ''].join('\n'), { mode: 0o644 });
  const path = posix.join(posix.dirname(output), FILE);
  return Object.fromEntries(['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'GIT_SSL_CAINFO', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'].map((name) => [name, path]));
}
