import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { runBuild } from '../build.ts';
import type { BuildExit, BuildSpec } from '../build.ts';
import { buildProcesses, endProcesses, isCode } from '../runners/processes.ts';
import { Followers } from './followers.ts';
import { readClaim, specFile, takeClaim } from './folder.ts';
import { Spool, spoolSink } from './spool.ts';

/**
 * Runs the build of a folder, once: reads the spec, claims the folder, removes the spec (it holds credentials), runs
 * the phases, writes the spool. `onClaimed` is called as soon as the folder is claimed, by us or by another supervisor.
 * Aborting `signal` stops the build.
 */
export async function supervise(folder: string, onClaimed: () => void, signal?: AbortSignal): Promise<void> {
  const spec = await readSpec(folder);
  const mark = randomUUID();
  // Read before claiming: whoever finds the folder claimed removes the spec, and the winner has it already.
  const ours = spec !== undefined && (await takeClaim(folder, mark));
  await rm(specFile(folder), { force: true });
  if (!ours) {
    if (spec === undefined && (await readClaim(folder)) === undefined) throw new Error('The build folder has neither spec nor claim');
    onClaimed();
    return;
  }
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
    exit = await runBuild({ ...spec, folder }, spoolSink(spool), { signal: stop.signal, mark });
  } catch (error) {
    exit = { status: 'FAULT', reason: error instanceof Error ? error.message : String(error), cpuMs: 0, time: Date.now() };
    await endProcesses(() => buildProcesses(mark), 0);
  }
  spool.finish(exit);
  await followers.close();
}

async function readSpec(folder: string): Promise<BuildSpec | undefined> {
  try {
    return JSON.parse(await readFile(specFile(folder), 'utf8')) as BuildSpec;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
