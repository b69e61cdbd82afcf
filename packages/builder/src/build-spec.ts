import type { Manifest } from './artifacts/collect.ts';
import type { Buildspec } from './buildspec/types.ts';
import type { LogLine } from './phases/lines.ts';
import type { PhaseContext, PhaseSink, RetryAsked } from './phases/phases.ts';
import type { Limits } from './runners/limits/compute.ts';
import type { Ahead } from './runners/ahead.ts';
import type { NetworkRequest } from './runners/network/network.ts';
import type { ContainerRequest, RunnerKind } from './runners/runner.ts';
import type { UsageInterval } from './runners/usage/meter.ts';

/** Everything a build needs to know. Plain JSON: it reaches the supervisor in a file that only its owner reads. */
export interface BuildSpec {
  /** The build's own folder, absolute. The sources lie in it already, see `sourceFolder`. */
  readonly folder: string;
  readonly runner: RunnerKind;
  readonly buildspec: Buildspec;
  /** Where the primary source lies below `/codebuild/output`: `src123/src/git-codecommit.us-east-1.amazonaws.com/v1/repos/site`. */
  readonly source: string;
  /** Secondary sources by identifier, likewise. */
  readonly secondarySources?: Readonly<Record<string, string>>;
  /** The environment that the server gives: project and StartBuild variables, `CODEBUILD_*`, AWS_ENDPOINT_URL, credentials. Wins over the buildspec's. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not appear in the log, in none of their `secretForms`. */
  readonly secrets?: readonly string[];
  /** Variables that hold parameters or secrets and are therefore not exported, beside those of the buildspec. */
  readonly notExported?: readonly string[];
  /** Host folders to keep from the build's sight, such as the server's data folder. */
  readonly hide?: readonly string[];
  /** The number of the first log line; the server may have written lines before. */
  readonly firstLine?: number;
  /** Which artifacts to collect when the phases are through. Default: all that the buildspec declares. */
  readonly artifacts?: 'none';
  /** After this long the build is stopped and ends TIMED_OUT. */
  readonly timeoutMs?: number;
  /** What is kept from one build to the next. `restore`: the archive lies ready, see `cacheFile`. `save`: it is wanted anew. */
  readonly cache?: { readonly paths: readonly string[]; readonly restore: boolean; readonly save: boolean };
  /** The image and the engine, for the runner `container`. */
  readonly container?: ContainerRequest;
  /** What the build may use of the machine; see `computeLimits`. */
  readonly limits?: Limits;
  /** What the build may reach; the machine's own network when absent. */
  readonly network?: NetworkRequest;
  /** Certificates (PEM) of authorities that the build's programs trust beside the well-known ones: the server's own. */
  readonly certificates?: string;
}

export interface ExportedVariable {
  readonly name: string;
  readonly value: string;
}

/** One artifact's files, or why there are none (UPLOAD_ARTIFACTS fails with that context). */
export interface CollectedArtifact {
  /** The identifier of a secondary artifact; null for the primary one. */
  readonly identifier: string | null;
  /** `artifacts.name` with the shell's expansions done. */
  readonly name?: string;
  /** `artifacts.s3-prefix`, likewise. */
  readonly s3Prefix?: string;
  readonly manifest?: Manifest;
  readonly error?: PhaseContext;
}

export type BuildStatus = 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT' | 'FAULT';

export interface BuildExit {
  readonly status: BuildStatus;
  /** Why, where no phase's context says it (FAULT, TIMED_OUT). */
  readonly reason?: string;
  /** The build FAILED, and its buildspec wants another one (`on-failure: RETRY`). */
  readonly retry?: RetryAsked;
  /** What the build has used since the last interval that the sink was told; absent where no command ran. */
  readonly usage?: UsageInterval;
  readonly time: number;
}

export interface BuildSink extends PhaseSink {
  /** Lines carry consecutive numbers from `spec.firstLine`; `first` is the number of the first one here. */
  log(first: number, lines: readonly LogLine[]): void;
  exported(variables: readonly ExportedVariable[]): void;
  artifact(artifact: CollectedArtifact): void;
  /** About once a minute while commands run. */
  usage?(interval: UsageInterval): void;
}

export interface BuildOptions {
  /** Aborting stops the build: TERM, a grace of some seconds, KILL. */
  readonly signal?: AbortSignal;
  /** Marks the build's processes; see `WorkspaceRequest.mark`. */
  readonly mark?: string;
  /** What has been made already for this build; see `WorkspaceRequest.ahead`. */
  readonly ahead?: Ahead;
}
