import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import type { BuildSpec } from '../build.ts';
import { errorFile, readClaim, specFile } from './folder.ts';
import { supervise } from './supervise.ts';

export interface LaunchOptions {
  /** The bundled supervisor program. */
  readonly supervisorPath: string;
}

/**
 * Starts a build's supervisor, detached, so that it outlives this process. Resolves when the build is claimed.
 * Calling it again for the same folder, at any time and from any process, never runs the build a second time.
 */
export async function launch(buildFolder: string, spec: Omit<BuildSpec, 'folder'>, { supervisorPath }: LaunchOptions): Promise<void> {
  if ((await readClaim(buildFolder)) !== undefined) return;
  await writeSpec(buildFolder, spec);
  const errors = await open(errorFile(buildFolder), 'a', 0o600);
  try {
    // Nothing of the server's environment but where programs are found: it may hold the server's own secrets.
    const child = spawn(process.execPath, [supervisorPath, buildFolder], {
      cwd: '/', detached: true, stdio: ['ignore', 'pipe', errors.fd], env: inherited(),
    });
    const ended = await new Promise<{ status: number | null } | undefined>((resolve, reject) => {
      child.stdout?.once('data', () => resolve(undefined));
      child.once('exit', (status) => resolve({ status }));
      child.once('error', reject);
    });
    child.stdout?.destroy();
    child.unref();
    if (ended !== undefined && (await readClaim(buildFolder)) === undefined) {
      const said = (await readFile(errorFile(buildFolder), 'utf8')).trim().slice(-2_000);
      throw new Error(`The build's supervisor ended before it began (status ${ended.status ?? 'unknown'}): ${said}`);
    }
  } finally {
    await errors.close();
  }
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

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
