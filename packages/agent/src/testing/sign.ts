import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Signs documents with the `openssl` program: another implementation than the one under test. */
export interface TestSigner {
  /** A PKCS#7 PEM with content and certificate inside. */
  sign(content: string): Promise<string>;
  close(): Promise<void>;
}

export async function testSigner(): Promise<TestSigner> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-signer-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-subj', '/CN=test signer', '-days', '1']);
  let count = 0;
  return {
    async sign(content) {
      const [from, to] = [join(folder, `in-${(count += 1)}`), join(folder, `out-${count}`)];
      await writeFile(from, content);
      await run('openssl', ['smime', '-sign', '-binary', '-nodetach', '-outform', 'PEM', '-signer', certificate, '-inkey', key, '-in', from, '-out', to]);
      return readFile(to, 'utf8');
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
