import { closeSync, constants, openSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isCode } from '../is-code.ts';

/**
 * Whether a path below the build's folder leads to where it says. A build may put a link in the place of every folder that
 * it sees, and on this machine that link would lead to files that the build has never seen. Ask when no process of the
 * build lives: before, the answer may be out of date at once.
 */
export async function isInPlace(folder: string, path: string): Promise<boolean> {
  try {
    return (await realpath(path)) === join(await realpath(folder), relative(folder, path));
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw error;
  }
}

/**
 * The folder as it is now, whatever its path leads to later: what is written here after the folder was removed fails,
 * also where another one stands in its place. Good until released.
 */
export function holdFolder(folder: string): { path: string; release(): void } {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${fd}`, release: () => closeSync(fd) };
}
