import type { Limits } from './limits/compute.ts';
import type { Ahead } from './ahead.ts';
import type { NetworkRequest } from './network/network.ts';
import type { Usage } from './usage/usage.ts';

/**
 * A runner executes a build's commands somewhere. Its life:
 *
 *   unavailable()                 says why this machine cannot use it, if so
 *   prepare(request) → Workspace  makes the place: the folder holds the sources already (`sourceFolder`)
 *     open(options) → Session     one at a time: a shell that runs commands and keeps its state between them
 *       run, set, read, expand    strictly one after another
 *     stop(grace)                 at any moment, also while a command runs: TERM to every process, KILL after the grace
 *     measure(), memoryKills()    while processes live; writable() when it is open
 *     destroy()                   always: kills whatever is left and removes what the runner made, secrets included
 *
 * Artifacts are collected from the host's side of the workspace after `stop`, when nothing can change files any more.
 */
export interface Runner {
  readonly kind: RunnerKind;
  /** The reason in words, or undefined when the runner works here; `container` with this engine. */
  unavailable(container?: Pick<ContainerRequest, 'socket'>): Promise<string | undefined>;
  prepare(request: WorkspaceRequest): Promise<Workspace>;
}

export const RUNNER_KINDS = ['plain', 'sandbox', 'container', 'dummy'] as const;
export type RunnerKind = (typeof RUNNER_KINDS)[number];

export interface WorkspaceRequest {
  /** The build's own folder, absolute. Sources lie below `outputFolder(folder)`. */
  readonly folder: string;
  /** A random text that every process of the build carries in its environment, by which stragglers are found. */
  readonly mark: string;
  /** Host folders that the build must not see even if they lie below a system folder. Only `sandbox` can promise this. */
  readonly hide?: readonly string[];
  /** What the build may use; a runner that cannot enforce one of them says so in `notices`. */
  readonly limits?: Limits;
  /** Whether commands may ask to run as other users (`Session.become`). */
  readonly otherUsers?: boolean;
  /** Default: the machine's own network. */
  readonly network?: NetworkRequest;
  /** What `sandbox` finds made already. */
  readonly ahead?: Ahead;
  /** For `container`, which needs it. */
  readonly container?: ContainerRequest;
}

export interface ContainerRequest {
  readonly image: string;
  /** The engine's own id of it, from whoever saw to it that the engine has it; else it is pulled where it is missing. */
  readonly imageId?: string;
  /** The engine's Unix socket. */
  readonly socket: string;
  /** All capabilities and devices of the machine: as good as root on it. For `docker build` inside. */
  readonly privileged?: boolean;
}

export interface Workspace {
  /** `/codebuild/output` as the build sees it. */
  readonly output: string;
  /** The name of the user that commands run as. */
  readonly user: string;
  /** What the runner itself puts into the environment (HOME, PATH); the build's variables win. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the build's log should say of the place. */
  readonly notices: readonly string[];
  /** @throws CannotOpen for what the build's owner can change */
  open(options: SessionOptions): Promise<Session>;
  /** Ends every process of the build: TERM, and KILL after `graceMs`. Resolves when none is left. */
  stop(graceMs: number): Promise<void>;
  measure(): Promise<Usage>;
  /** How many processes were killed so far because the memory that the build may use was used up, as far as that is told. */
  memoryKills(): Promise<number>;
  /** Where the build can write beside its own folder. Asked once, when the workspace is open. */
  writable?(): Promise<Writable>;
  destroy(): Promise<void>;
}

/** Places outside of the build's folder that hold what the build writes. */
export interface Writable {
  /** By the names that this process has for them. */
  readonly paths: readonly string[];
  /** Likewise; what lies there now is not the build's. */
  readonly filled?: readonly string[];
  /** Where the build's own processes have them, if that is another file system to look at. */
  readonly mounts?: readonly string[];
  /** For what cannot be seen from here. Bytes. */
  elsewhere?(): Promise<number>;
}

export interface SessionOptions {
  readonly shell: 'sh' | 'bash';
  readonly env: Readonly<Record<string, string>>;
  /** As the build sees it. */
  readonly cwd: string;
  /** Standard output and standard error in the order they were written. Called before `run` resolves for all that the command wrote. */
  readonly onOutput: (bytes: Uint8Array) => void;
}

export interface Outcome {
  readonly status: number;
  /** The shell itself ended with the command (`exit 3`, `set -e`, a syntax error); the next command gets a fresh one. */
  readonly shellEnded: boolean;
}

/** A shell that keeps directory and variables between commands, and comes back as close as possible when one ended it. */
export interface Session {
  /** `fresh`: in a shell of its own, with the environment that the session was opened with (version 0.1). */
  run(command: string, options?: { fresh?: boolean }): Promise<Outcome>;
  /** Exports a variable into the shell. `name` must be a shell name. */
  set(name: string, value: string): Promise<void>;
  /** The values of shell variables, exported or not; an unset one is empty. */
  read(names: readonly string[]): Promise<Record<string, string>>;
  /** Expands a one-line text in the shell's language: variables and `$(commands)`. */
  expand(text: string): Promise<string>;
  /**
   * Further commands run as this user, in its home and with the variables exported so far; undefined: as the workspace's
   * own user. @throws CannotBecome
   */
  become(user: string | undefined): Promise<void>;
  close(): Promise<void>;
}

/** The processes of the build are gone although nobody asked for it (killed from outside, out of memory). */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
  /** Why, in words, where that is known. */
  readonly reason: string | undefined;

  constructor(message: string, reason?: string) {
    super(message);
    this.reason = reason;
  }
}

/** The environment lacks what the build asks for: a shell, an image, a program. Said in the build's log. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen';
  /** For the phase's context. */
  readonly statusCode: string;

  constructor(message: string, statusCode = 'YAML_FILE_ERROR') {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Commands cannot run as that user here. */
export class CannotBecome extends Error {
  override readonly name = 'CannotBecome';
}
