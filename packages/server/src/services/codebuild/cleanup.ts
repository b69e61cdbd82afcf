import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sweep } from '@slipway/builder';

/** Ends what may be left of a build whose supervisor is gone, and removes its folder. Does nothing the second time. */
export async function cleanUp(folder: string): Promise<void> {
  await sweep(folder);
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    // Package managers leave folders that even their owner may not change (Go's module cache).
    await makeWritable(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeWritable(folder: string): Promise<void> {
  if (!(await lstat(folder)).isDirectory()) return;
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
}
