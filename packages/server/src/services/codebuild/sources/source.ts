import { createHash } from 'node:crypto';
import type { ProjectSource } from '@slipway/contracts/codebuild';
import type { GitSources } from '../../../git/ports.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { Place } from '../../../kernel/place.ts';
import type { Seal } from '../../../kernel/seal.ts';
import type { Outbound } from '../../../outbound/index.ts';

export interface SourceDeps {
  readonly db: Database;
  readonly seal: Seal;
  readonly outbound: Pick<Outbound, 'resolve'>;
  readonly peers: Peers;
  readonly sources: GitSources;
  /** The server's base URL as a build reaches it. */
  readonly endpoint: () => string;
}

/** Git's metadata of sources, kept from one build to the next: LOCAL_SOURCE_CACHE. */
export interface KeptGit {
  /** Lends what is kept of the repository at this location, as the path of a bare repository that may not be there yet. */
  with<T>(location: string, work: (kept: string) => Promise<T>): Promise<T>;
}

/** One source to fetch, as the role, into an empty folder. */
export interface SourceRequest extends Place {
  readonly role: Caller;
  readonly source: ProjectSource;
  /** The source version that was asked for. */
  readonly version: string | undefined;
  /** Hosts (and ports) that the project's own sources name. */
  readonly hosts: readonly string[];
  /** Where its files go: at the kind's own `path` below the build's folder. */
  readonly folder: string;
  /** A folder of the build's for what is needed on the way. */
  readonly scratch: string;
  /** Where the project keeps it. */
  readonly keptGit?: KeptGit | undefined;
  readonly signal: AbortSignal;
}

/** Fetches by way of what is kept of the location, where the project keeps it. */
export const throughKept = <T>({ keptGit }: Pick<SourceRequest, 'keptGit'>, location: string, work: (kept: string | undefined) => Promise<T>): Promise<T> => (keptGit ? keptGit.with(location, work) : work(undefined));

/** What was fetched. */
export interface Fetched {
  /** CODEBUILD_SOURCE_VERSION, where it is not the version that was asked for. */
  readonly version?: string;
  /** The commit, or what the pipeline says is the revision. */
  readonly resolvedVersion?: string;
  /** CODEBUILD_SOURCE_REPO_URL */
  readonly repositoryUrl?: string;
}

/** A kind of source: where its files lie for the build, and how they come there. */
export interface SourceKind {
  /** Below the build's `src<digits>` folder: AWS's layout, which buildspecs rely on. */
  path(request: Pick<SourceRequest, 'source' | 'region'>): string;
  fetch(request: SourceRequest): Promise<Fetched>;
}

/** Refused in DOWNLOAD_SOURCE, in AWS's words. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly statusCode = 'CLIENT_ERROR';
}

/** `src<digits>`: AWS's are random; the same for every attempt at one build, so that an attempt repeated is the same. */
export function sourceRoot(buildId: string, identifier = ''): string {
  const number = createHash('sha256').update(`${buildId}/${identifier}`).digest().readUInt32BE(0);
  return `src${number}`;
}
