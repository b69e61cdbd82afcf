import { open } from 'node:fs/promises';

/** What was made, renamed or removed in a folder is durable once the folder itself is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
