import { writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { rootCertificates } from 'node:tls';
import { SYSTEM_BUNDLES, authorities } from '../runners/authorities.ts';
import { codebuildFolder } from '../runners/layout.ts';
import type { RunnerKind, Session } from '../runners/runner.ts';
import { quote } from '../runners/session.ts';

const FILE = 'certificates.pem';

/** Where programs and libraries look: the AWS CLI and SDKs, Node, git, OpenSSL's users (Python, Ruby, Go, wget2 …), Python's requests and pip, curl. */
const VARIABLES = ['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'GIT_SSL_CAINFO', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];

export interface Trust {
  /** By which the build's programs learn of it. The build's own variables win. */
  readonly environment: Readonly<Record<string, string>>;
  /** Before the first phase. */
  arrange(session: Session): Promise<void>;
}

/**
 * Has a build's programs trust further authorities. The file holds those that the system trusts and the well-known ones
 * too: most of these variables replace what a program trusts rather than add to it.
 *
 * @param output `/codebuild/output` as the build sees it
 */
export async function trustFor({ folder, runner, certificates }: { readonly folder: string; readonly runner: RunnerKind; readonly certificates?: string }, output: string): Promise<Trust> {
  if (certificates === undefined) return { environment: {}, arrange: async () => undefined };
  // The system in a container is the image's, and can be read only there.
  const others = runner === 'container' ? rootCertificates : authorities();
  await writeFile(join(codebuildFolder(folder), FILE), [certificates.trimEnd(), ...others, ''].join('\n'), { mode: 0o644 });
  const path = posix.join(posix.dirname(output), FILE);
  return {
    environment: Object.fromEntries(VARIABLES.map((name) => [name, path])),
    async arrange(session) {
      if (runner === 'container') await session.run(`for __slipway_bundle in ${SYSTEM_BUNDLES.join(' ')}; do if [ -r "$__slipway_bundle" ]; then command cat "$__slipway_bundle" >>${quote(path)}; break; fi; done 2>/dev/null; unset __slipway_bundle`);
    },
  };
}
