import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import ssh2 from 'ssh2';

/** The private key by which clients know this server: made at the first start, kept as long as the folder is. */
export async function hostKey(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (kept !== undefined) return kept;
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, ssh2.utils.generateKeyPairSync('ed25519').private, { mode: 0o600 });
  try {
    // Unlike a renaming, a link leaves in place what another start was faster to make.
    await link(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
  return readFile(file, 'utf8');
}
