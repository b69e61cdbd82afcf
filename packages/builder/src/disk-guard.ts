import { mkdir } from 'node:fs/promises';
import type { BuildSpec } from './build-spec.ts';
import { codebuildFolder } from './runners/layout.ts';
import type { Limits } from './runners/limits/compute.ts';
import { diskRoom, sizeOf } from './runners/limits/disk.ts';
import { DiskWatch } from './runners/limits/disk-watch.ts';
import { removeTreeSoon } from './runners/remove.ts';
import { CannotOpen } from './runners/runner.ts';
import type { Workspace } from './runners/runner.ts';

/** Keeps a build within its disk, and the machine's disk free of a build that did not keep within it. */
export interface DiskGuard {
  /** As far as the machine goes. */
  readonly limits: Limits;
  readonly notices: readonly string[];
  /** When the workspace is open, before the build's first command. */
  begin(workspace: Workspace): Promise<void>;
  /** Before the workspace is closed: what was written last has not been looked at. */
  check(): Promise<void>;
  /** Why the build's processes were ended, or why a command ended with this status; undefined where that is not the disk's doing. */
  cause(status?: number): string | undefined;
  exceeded(): boolean;
  /** When no process of the build lives any more. */
  end(): Promise<void>;
}

/** A process that was to make a file too large is killed by SIGXFSZ, 25. */
const TOO_LARGE = 128 + 25;

const NONE: DiskGuard = { limits: {}, notices: [], begin: async () => undefined, check: async () => undefined, cause: () => undefined, exceeded: () => false, end: async () => undefined };

/** @throws CannotOpen where the machine has no room for a build */
export async function guardDisk({ folder, runner, limits: wanted = {} }: Pick<BuildSpec, 'folder' | 'runner' | 'limits'>, mark: string): Promise<DiskGuard> {
  // What is only played writes what a test wants.
  if (runner === 'dummy') return { ...NONE, limits: wanted };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { limits, notices } = await diskRoom(folder, wanted);
  let watch: DiskWatch | undefined;
  return {
    limits: { ...wanted, ...limits },
    notices,
    async begin(workspace) {
      // Survivors are tried again when the workspace is destroyed, which reports them.
      watch = new DiskWatch({ folder, mark, limits, onExceeded: () => void workspace.stop(0).catch(() => undefined) });
      await watch.begin(await workspace.writable?.());
    },
    async check() {
      await watch?.check();
    },
    cause: (status) => watch?.exceeded ?? (status === TOO_LARGE ? `out of disk: a file was to be larger than the ${sizeOf(limits.fileBytes)} that this machine has room for` : undefined),
    exceeded: () => watch?.exceeded !== undefined,
    async end() {
      watch?.close();
      if (watch?.exceeded !== undefined) await removeTreeSoon(codebuildFolder(folder));
    },
  };
}

/** What was to be put into a build's folder is more than fits. */
export class OutOfDisk extends Error {
  override readonly name = 'OutOfDisk';
}

/** Provides what a build needs in its folder, before it runs, under the same limits. `signal` ends the work when they are exceeded. @throws OutOfDisk */
export async function withinDisk<T>({ folder, limits: wanted = {}, signal }: { folder: string; limits?: Limits | undefined; signal: AbortSignal }, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const exceeded = new AbortController();
  const { limits } = await diskRoom(folder, wanted).catch((error: unknown) => {
    throw error instanceof CannotOpen ? new OutOfDisk(error.message, { cause: error }) : error;
  });
  const watch = new DiskWatch({ folder, limits, onExceeded: () => exceeded.abort() });
  await watch.begin();
  try {
    const done = await work(AbortSignal.any([signal, exceeded.signal]));
    await watch.check();
    if (watch.exceeded !== undefined) throw new Error(watch.exceeded);
    return done;
  } catch (error) {
    throw watch.exceeded === undefined ? error : new OutOfDisk(`The source and the cache of the build do not fit, ${watch.exceeded}`, { cause: error });
  } finally {
    watch.close();
  }
}
