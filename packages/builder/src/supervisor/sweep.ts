import { EngineError } from '../runners/container/engine.ts';
import { sweepContainers } from '../runners/container/leftovers.ts';
import { forbidProcesses, removeCgroup } from '../runners/limits/cgroup.ts';
import { buildProcesses, endProcesses } from '../runners/processes.ts';
import { isAlive, readClaim } from './folder.ts';

/** Kills whatever is left of a build whose supervisor is dead, and removes its containers. @throws EngineError while the engine that has them does not answer */
export async function sweep(buildFolder: string): Promise<void> {
  const claim = await readClaim(buildFolder);
  if (claim === undefined || (await isAlive(claim))) return;
  await forbidProcesses(claim.mark);
  await endProcesses(() => buildProcesses(claim.mark));
  await removeCgroup(claim.mark);
  await sweepContainers(buildFolder);
}

/** The same as far as this machine alone can do it: a build has ended also where its container's engine has. */
export async function sweepHere(buildFolder: string): Promise<void> {
  try {
    await sweep(buildFolder);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
}

/** True, or in words why not. */
export async function supervisorLives(folder: string): Promise<true | string> {
  const claim = await readClaim(folder);
  if (claim === undefined) return 'The build was never launched';
  return (await isAlive(claim)) ? true : `The supervisor of the build (process ${claim.pid}) ended without a result`;
}
