import { basename, join, posix } from 'node:path';
import { FIND_RUNTIMES, chooseRuntime, parseRuntimes } from '../buildspec/runtimes.ts';
import type { InstalledRuntime } from '../buildspec/runtimes.ts';
import { CannotOpen } from '../runners/runner.ts';
import type { Session } from '../runners/runner.ts';
import { quote } from '../runners/session.ts';
import { writeProgram } from './tools.ts';
import type { Tools } from './tools.ts';

/** What each runtime's programs are called by those who use them. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  nodejs: ['node'], python: ['python3', 'python'], java: ['java'], ruby: ['ruby'], golang: ['go'], php: ['php'], dotnet: ['dotnet'],
};

/** The program that looks: put there before the first process of the build, whose image may do anything with the folder. */
export const writeFinder = (tools: Tools): Promise<void> => writeProgram(join(tools.host, 'runtimes.sh'), FIND_RUNTIMES);

/**
 * Puts the versions that the buildspec asks for first on the build's PATH. It looks inside the environment, whatever that
 * is; nothing is installed. @throws CannotOpen where a version is missing, and lists what is there
 */
export async function selectRuntimes(session: Session, wanted: Readonly<Record<string, string>>, tools: Tools, log: (line: string) => void): Promise<void> {
  const installed = parseRuntimes(await session.expand(`$(. ${quote(posix.join(tools.build, 'runtimes.sh'))} 2>/dev/null)`));
  const folders: string[] = [];
  for (const [name, written] of Object.entries(wanted)) {
    const version = (await session.expand(written)).trim();
    const chosen = chooseRuntime(installed, name, version);
    if (typeof chosen === 'string') throw new CannotOpen(chosen);
    log(`Selecting '${name}' runtime version '${chosen.version}' for '${version}'`);
    folders.push(await folderOf(session, name, chosen, tools));
    const home = /^(.*\/jvm\/[^/]+|\/opt\/[^/]+(?:\/[^/]+)?)\/bin\/java$/.exec(chosen.program)?.[1];
    if (name === 'java' && home !== undefined) await session.set('JAVA_HOME', home);
  }
  const { PATH = '' } = await session.read(['PATH']);
  await session.set('PATH', [...folders, PATH].filter((part) => part !== '').join(':'));
}

/** The folder of the program; where it goes by another name there (`/usr/bin/python3.11`), one of links to it. */
async function folderOf(session: Session, name: string, { program }: InstalledRuntime, tools: Tools): Promise<string> {
  const names = PROGRAMS[name] ?? [];
  if (names.includes(basename(program))) return posix.dirname(program);
  const folder = posix.join(tools.build, 'bin');
  // By the build itself: what it has put in the folder's place must not lead us anywhere.
  await session.run(`mkdir -p ${quote(folder)}; ${names.map((link) => `ln -s ${quote(program)} ${quote(posix.join(folder, link))}`).join('; ')}`);
  return folder;
}
