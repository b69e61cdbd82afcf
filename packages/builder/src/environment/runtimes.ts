import { symlink } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { FIND_RUNTIMES, chooseRuntime, parseRuntimes } from '../buildspec/runtimes.ts';
import type { InstalledRuntime } from '../buildspec/runtimes.ts';
import { CannotOpen } from '../runners/runner.ts';
import type { Session } from '../runners/runner.ts';
import { quote } from '../runners/session.ts';
import { makeOpen, writeProgram } from './tools.ts';
import type { Tools } from './tools.ts';

/** What each runtime's programs are called by those who use them. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  nodejs: ['node'], python: ['python3', 'python'], java: ['java'], ruby: ['ruby'], golang: ['go'], php: ['php'], dotnet: ['dotnet'],
};

/**
 * Puts the versions that the buildspec asks for first on the build's PATH. It looks inside the environment, whatever that
 * is; nothing is installed. @throws CannotOpen where a version is missing, and lists what is there
 */
export async function selectRuntimes(session: Session, wanted: Readonly<Record<string, string>>, tools: Tools, log: (line: string) => void): Promise<void> {
  await writeProgram(join(tools.host, 'runtimes.sh'), FIND_RUNTIMES);
  const installed = parseRuntimes(await session.expand(`$(. ${quote(posix.join(tools.build, 'runtimes.sh'))} 2>/dev/null)`));
  const folders: string[] = [];
  for (const [name, written] of Object.entries(wanted)) {
    const version = (await session.expand(written)).trim();
    const chosen = chooseRuntime(installed, name, version);
    if (typeof chosen === 'string') throw new CannotOpen(chosen);
    log(`Selecting '${name}' runtime version '${chosen.version}' for '${version}'`);
    folders.push(await folderOf(name, chosen, tools));
    const home = /^(.*\/jvm\/[^/]+|\/opt\/[^/]+(?:\/[^/]+)?)\/bin\/java$/.exec(chosen.program)?.[1];
    if (name === 'java' && home !== undefined) await session.set('JAVA_HOME', home);
  }
  const { PATH = '' } = await session.read(['PATH']);
  await session.set('PATH', [...folders, PATH].filter((part) => part !== '').join(':'));
}

/** The folder of the program; where it goes by another name there (`/usr/bin/python3.11`), one of links to it. */
async function folderOf(name: string, { program }: InstalledRuntime, tools: Tools): Promise<string> {
  const names = PROGRAMS[name] ?? [];
  if (names.includes(basename(program))) return posix.dirname(program);
  await makeOpen(join(tools.host, 'bin'), 0o755);
  for (const link of names) await symlink(program, join(tools.host, 'bin', link));
  return posix.join(tools.build, 'bin');
}
