import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { runBuild } from '../build.ts';
import type { BuildExit, BuildOptions, BuildSpec } from '../build.ts';
import { isCode } from '../is-code.ts';
import { buildProcesses, endProcesses } from '../runners/processes.ts';
import { holdFolder } from '../runners/in-place.ts';
import { Followers } from './followers.ts';
import { readClaim, specFile, takeClaim } from './folder.ts';
import { Spool, spoolSink } from './spool.ts';

/**
 * Runs the build of a folder, once: reads the spec, claims the folder, removes the spec (it holds credentials), runs
 * the phases, writes the spool. `onClaimed` is called as soon as the folder is claimed, by us or by another supervisor.
 * Aborting `signal` stops the build.
 */
export async function supervise(folder: string, onClaimed: () => void, { signal, ahead }: Pick<BuildOptions, 'signal' | 'ahead'> = {}): Promise<void> {
  const mark = randomUUID();
  const spec = await claimed(folder, mark);
  if (spec === undefined) return onClaimed();
  const stop = new AbortController();
  const followers = new Followers(folder, ({ type }) => {
    if (type === 'stop') stop.abort();
  });
  const spool = new Spool(folder, () => followers.wake());
  signal?.addEventListener('abort', () => stop.abort(), { once: true });
  if (signal?.aborted === true) stop.abort();
  await followers.listen();
  onClaimed();
  let exit: BuildExit;
  try {
    exit = await runBuild({ ...spec, folder }, spoolSink(spool), { signal: stop.signal, mark, ...(ahead === undefined ? {} : { ahead }) });
  } catch (error) {
    exit = { status: 'FAULT', reason: error instanceof Error ? error.message : String(error), time: Date.now() };
    await endProcesses(() => buildProcesses(mark));
  }
  spool.finish(exit);
  await followers.close();
}

/**
 * The spec, when the folder is ours now; undefined when another supervisor has it. Whoever launched us may be gone and the
 * next server may be putting another folder in this one's place, so both happen in the folder that we first found.
 */
async function claimed(folder: string, mark: string): Promise<BuildSpec | undefined> {
  const here = holdFolder(folder);
  try {
    // Read before claiming: whoever finds the folder claimed removes the spec, and the winner has it already.
    const spec = await readSpec(here.path);
    const ours = spec !== undefined && (await takeClaim(here.path, mark));
    await rm(specFile(here.path), { force: true });
    if (!ours && (await readClaim(here.path)) === undefined) throw new Error('The build folder has neither spec nor claim, or the build was taken back');
    return ours ? spec : undefined;
  } finally {
    here.release();
  }
}

async function readSpec(folder: string): Promise<BuildSpec | undefined> {
  try {
    return JSON.parse(await readFile(specFile(folder), 'utf8')) as BuildSpec;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
