import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { outputFolder } from '../runners/layout.ts';
import type { Workspace } from '../runners/runner.ts';

/** A folder with files of ours for the build, by both names. The build may do to it what it likes: it trusts itself. */
export interface Tools {
  readonly host: string;
  readonly build: string;
}

/** Below `/codebuild/output`, which every runner shows to its builds, and beside the sources. */
export async function makeTools(folder: string, workspace: Workspace): Promise<Tools> {
  const tools = { host: join(outputFolder(folder), 'tmp', 'slipway'), build: posix.join(workspace.output, 'tmp', 'slipway') };
  await rm(tools.host, { recursive: true, force: true });
  for (const path of [join(outputFolder(folder), 'tmp'), tools.host]) await makeOpen(path, 0o755);
  return tools;
}

/** Commands may run as other users, so whatever our own umask says does not count. */
export async function makeOpen(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
}

export async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}
