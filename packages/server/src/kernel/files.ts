import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const synced = promisify(fsync);

/** What was made, renamed or removed in a folder is durable once the folder itself is. A folder that was just used is opened and closed faster than another thread is asked to do it. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = openSync(path, 'r');
  try {
    await synced(directory);
  } finally {
    closeSync(directory);
  }
}
