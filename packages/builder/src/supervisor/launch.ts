import { randomUUID } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import type { BuildSpec } from '../build.ts';
import { readClaim, specFile, supervisorErrors } from './folder.ts';
import { startSupervisor, type IdleSupervisor, type Standby } from './standby.ts';
import { supervise } from './supervise.ts';

export interface LaunchOptions {
  /** The bundled supervisor program. */
  readonly supervisorPath: string;
  /** Where a supervisor may be waiting already. */
  readonly standby?: Standby;
}

/**
 * Gives a build to a supervisor, which outlives this process. Resolves when the build is claimed.
 * Calling it again for the same folder, at any time and from any process, never runs the build a second time.
 */
export async function launch(buildFolder: string, spec: Omit<BuildSpec, 'folder'>, { supervisorPath, standby }: LaunchOptions): Promise<void> {
  if (await isLaunched(buildFolder)) return;
  await writeSpec(buildFolder, spec);
  const waiting = standby?.take();
  if (waiting && (await give(waiting, buildFolder)) === 'claimed') return;
  const ended = await give(startSupervisor(supervisorPath, { runner: spec.runner, ...(spec.network === undefined ? {} : { network: spec.network }) }), buildFolder);
  if (ended === 'claimed') return;
  const said = (await supervisorErrors(buildFolder)).slice(-2_000);
  throw new Error(`The build's supervisor ended before it began (status ${ended.status ?? 'unknown'}): ${said}`);
}

/** Tells a supervisor its folder. Answers how it ended where it ended without anyone having claimed the build. */
async function give(supervisor: IdleSupervisor, buildFolder: string): Promise<'claimed' | { status: number | null }> {
  const ended = await new Promise<{ status: number | null } | undefined>((resolve, reject) => {
    supervisor.stdout.once('data', () => resolve(undefined));
    supervisor.once('exit', (status) => resolve({ status }));
    supervisor.once('error', reject);
    if (supervisor.exitCode !== null) resolve({ status: supervisor.exitCode });
    supervisor.stdin.end(buildFolder);
  });
  supervisor.stdout.destroy();
  supervisor.unref();
  return ended === undefined || (await isLaunched(buildFolder)) ? 'claimed' : ended;
}

/** Whether the folder's build has been taken by a supervisor, alive or not: if so, it is never launched again. */
export async function isLaunched(buildFolder: string): Promise<boolean> {
  return (await readClaim(buildFolder)) !== undefined;
}

/**
 * Supervises a build in this process, for the dummy runner, whose builds have no processes to outlive us. Resolves when
 * the build is claimed; `onFailure` hears of a supervisor that broke down.
 */
export async function launchInProcess(buildFolder: string, spec: Omit<BuildSpec, 'folder'>, onFailure: (error: unknown) => void): Promise<void> {
  if (await isLaunched(buildFolder)) return;
  await writeSpec(buildFolder, spec);
  await new Promise<void>((resolve, reject) => {
    supervise(buildFolder, resolve).catch((error: unknown) => {
      onFailure(error);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/** Whole or not at all: a supervisor must never read half a spec. */
async function writeSpec(folder: string, spec: Omit<BuildSpec, 'folder'>): Promise<void> {
  const aside = `${specFile(folder)}.${randomUUID()}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify({ ...spec, folder }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, specFile(folder));
}
