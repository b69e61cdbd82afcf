import type { ChildProcess, StdioOptions } from 'node:child_process';
import { execFile } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codebuildFolder, commandsFolder, outputFolder, stateFolder } from './layout.ts';
import { forbidProcesses } from './limits/cgroup.ts';
import { askProcesses, buildProcesses, endProcesses, isLiving, markedProcesses, processStat, processTree, signal } from './processes.ts';
import type { ProcessStat } from './processes.ts';
import type { Session, SessionOptions, Workspace, WorkspaceRequest } from './runner.ts';
import { CannotOpen } from './runner.ts';
import { ShellSession, childKeeper } from './session.ts';
import type { ControlPaths } from './session.ts';
import { usageOfProcesses } from './usage/of-processes.ts';
import { together } from './usage/usage.ts';
import type { Usage } from './usage/usage.ts';

/** How one runner differs from another: where things lie for the build, and how its first process is made. */
export interface Place {
  readonly output: string;
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly control: ControlPaths;
  readonly notices?: readonly string[];
  /** All processes live in a namespace of their own that ends with the keeper. */
  readonly contained: boolean;
  /** Starts the keeper in a session of its own with exactly these descriptors. */
  spawn(options: SessionOptions, stdio: StdioOptions): ChildProcess;
  /** All processes of the build, where something keeps account of them. */
  processes?(): ProcessStat[] | undefined;
  /** What is known of the build's usage beside what its processes tell. */
  measure?(): Usage;
  memoryKills?(): number;
  /** Removes what lies outside of the build's folder, when no process of the build is left. */
  close?(): Promise<void>;
}

/** A workspace of real processes; `plain` and `sandbox` share it. */
export class ProcessWorkspace implements Workspace {
  readonly output: string;
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  readonly #request: WorkspaceRequest;
  readonly #place: Place;
  readonly #children: ChildProcess[] = [];
  #empty = true;

  constructor(request: WorkspaceRequest, place: Place) {
    this.#request = request;
    this.#place = place;
    this.output = place.output;
    this.user = place.user;
    this.environment = place.environment;
    this.notices = place.notices ?? [];
  }

  async open(options: SessionOptions): Promise<Session> {
    const shell = options.shell === 'bash' ? findBash() : '/bin/sh';
    // A named pipe, because `echo > /dev/stderr` cannot open the socket pairs that Node makes.
    const path = join(this.#request.folder, 'output.pipe');
    await makePipes(path);
    const outputFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(path, constants.O_WRONLY);
    try {
      const child = this.#place.spawn(options, ['ignore', writeFd, writeFd, 'ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'pipe', 'pipe']);
      this.#children.push(child);
      this.#empty = false;
      const session = new ShellSession(childKeeper(child, outputFd), this.#place.control, shell, options);
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      return session;
    } finally {
      closeSync(writeFd);
      await rm(path, { force: true });
    }
  }

  async stop(graceMs: number): Promise<void> {
    if (graceMs > 0) {
      // The marked processes alone: the sandbox's own outer processes would end everything at once.
      const keeper = this.#keeper();
      await askProcesses(() => this.#asked().filter(({ pid }) => pid !== keeper), graceMs);
    }
    await this.#end();
  }

  #asked(): ProcessStat[] {
    return this.#place.contained ? markedProcesses(this.#request.mark) : buildProcesses(this.#request.mark);
  }

  async #end(): Promise<void> {
    const roots = this.#roots();
    await forbidProcesses(this.#request.mark);
    // A process namespace dies with its first process, and that with ours: no fork is faster.
    if (this.#place.contained) for (const pid of roots) signal(pid, 'SIGKILL');
    // Also where that process has ended already: bubblewrap is gone a moment before the last of its namespace is.
    await endProcesses(() => this.#living());
    this.#empty = true;
  }

  /** All processes of the build. A search of the whole machine takes a while on a busy one. */
  #living(): ProcessStat[] {
    const members = this.#place.processes?.();
    return members === undefined ? buildProcesses(this.#request.mark, this.#roots()) : [...members, ...this.#roots().flatMap((pid) => processStat(pid) ?? []).filter(isLiving)];
  }

  async measure(): Promise<Usage> {
    return together(this.#place.measure?.() ?? {}, usageOfProcesses(this.#roots().flatMap((pid) => processTree(pid))));
  }

  async memoryKills(): Promise<number> {
    return this.#place.memoryKills?.() ?? 0;
  }

  async destroy(): Promise<void> {
    if (!this.#empty) await this.#end();
    await this.#place.close?.();
    await rm(commandsFolder(this.#request.folder), { recursive: true, force: true });
    await rm(stateFolder(this.#request.folder), { recursive: true, force: true });
  }

  /** The keeper, of all processes with the mark the first: it waits for its shell, and would survive TERM for the whole grace. */
  #keeper(): number | undefined {
    return this.#asked().toSorted((a, b) => Number(a.started) - Number(b.started) || a.pid - b.pid)[0]?.pid;
  }

  #roots(): number[] {
    return this.#children.flatMap((child) => (child.pid === undefined || child.exitCode !== null || child.signalCode !== null ? [] : [child.pid]));
  }
}

/**
 * Makes the control folders, empty, and the folders that every workspace has. `shared`: several users work in them, each
 * behind the build's own folder, which is closed to all others.
 */
export async function makeFolders(folder: string, { shared = false } = {}): Promise<void> {
  for (const [control, mode] of [[commandsFolder(folder), 0o755], [stateFolder(folder), 0o777]] as const) {
    await rm(control, { recursive: true, force: true });
    await mkdir(control, { recursive: true, mode: 0o700 });
    if (shared) await chmod(control, mode);
  }
  await mkdir(outputFolder(folder), { recursive: true, mode: 0o700 });
  if (!shared) return;
  for (const open of [codebuildFolder(folder), outputFolder(folder)]) await chmod(open, 0o755);
}

/** Named pipes, in place of whatever was there. */
export async function makePipes(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
  await promisify(execFile)('mkfifo', ['-m', '600', '--', ...paths]);
}

function findBash(): string {
  const path = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new CannotOpen('The buildspec asks for the shell bash, which this machine does not have');
  return path;
}
