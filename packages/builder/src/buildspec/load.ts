import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { BuildspecError } from './error.ts';
import { parseBuildspec } from './parse.ts';
import type { ParseOptions } from './parse.ts';
import type { Buildspec } from './types.ts';

/**
 * Reads and parses the buildspec at `path` inside a source folder. A path or a symlink that leads out of the folder is
 * refused: the source is hostile, and the reader may be allowed to read more than the build.
 */
export async function loadBuildspec(sourceFolder: string, path = 'buildspec.yml', options: Omit<ParseOptions, 'file'> = {}): Promise<Buildspec> {
  const refuse = (problem: string, cause?: unknown): BuildspecError =>
    new BuildspecError({ file: path, line: 1, column: 1, key: '', problem }, cause === undefined ? undefined : { cause });
  const wanted = resolve(sourceFolder, path);
  if (outside(resolve(sourceFolder), wanted)) throw refuse('The buildspec must lie inside the source');
  let real: string;
  try {
    real = await realpath(wanted);
  } catch (cause) {
    throw refuse(`YAML file does not exist: ${path}`, cause);
  }
  if (outside(await realpath(sourceFolder), real)) throw refuse('The buildspec must lie inside the source; its link leads out');
  if (!(await stat(real)).isFile()) throw refuse('The buildspec is not a file');
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return parseBuildspec(await file.readFile('utf8'), { ...options, file: path });
  } finally {
    await file.close();
  }
}

function outside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith('../') || way === '' || resolve(join(folder, way)) !== path;
}
