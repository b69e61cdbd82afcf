import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { cp, lstat, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../usage.ts';

/** A copy of the user's folder, less what earlier runs have put there (`leaveOut`, absolute): the build may do to it what it likes. */
export async function copySource(folder: string, to: string, leaveOut: readonly string[]): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) throw new UsageError(`there is no folder ${folder}`);
  await cp(folder, to, {
    recursive: true, verbatimSymlinks: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE,
    filter: async (path) => {
      if (path !== folder && leaveOut.includes(resolve(path))) return false;
      const stats = await lstat(path);
      return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
    },
  });
}

/** The commit that the folder stands at, if git knows it: a repository, or a folder that a repository around it holds. */
export async function commitOf(folder: string): Promise<string | undefined> {
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)('git', ['-C', folder, ...args], { timeout: 10_000, maxBuffer: 100_000_000 })).stdout.trim();
  try {
    const commit = await git('rev-parse', '--verify', 'HEAD');
    return existsSync(join(folder, '.git')) || (await git('ls-tree', '--name-only', commit, './')) !== '' ? commit : undefined;
  } catch {
    // No git here, no repository, or one without a commit: the variable stays unset, as it does for other sources.
    return undefined;
  }
}

/** The path of the buildspec inside the source, or the file outside of it. */
export function buildspecFile(folder: string, wanted = 'buildspec.yml'): { inside: string } | { outside: string } {
  const inFolder = resolve(folder, wanted);
  const way = relative(folder, inFolder);
  const isInside = !way.startsWith('..') && way !== '';
  if (isInside && (existsSync(inFolder) || !existsSync(resolve(wanted)))) return { inside: way };
  const outside = resolve(wanted);
  const back = relative(folder, outside);
  return back.startsWith('..') ? { outside } : { inside: back };
}
