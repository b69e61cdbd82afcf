import type { Runtimes, Standby } from '@slipway/builder';
import type { JobRun } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Log } from '../../../kernel/log.ts';
import type { MetricSink } from '../../../kernel/metrics.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { KeyedHash } from '../../../kernel/seal.ts';
import type { StoredBuild } from '../builds/build.ts';
import type { LocalCaches } from '../cache/index.ts';
import type { Commit } from './commit.ts';
import type { Followers } from './followers.ts';
import type { Held } from './held.ts';
import type { ChosenRunner } from '../runner/runner.ts';
import type { SourceFetcher } from '../sources/index.ts';

/** What a build's steps work with. */
export interface StepDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: Peers;
  readonly hash: KeyedHash;
  readonly held: Held;
  readonly metrics: MetricSink;
  readonly commit: Commit;
  readonly followers: Followers;
  readonly sources: SourceFetcher;
  readonly caches: LocalCaches;
  readonly runner: ChosenRunner;
  readonly concurrentBuilds: number;
  readonly runtimes: () => Promise<Runtimes>;
  readonly supervisorPath: string;
  readonly standby: Standby;
  /** The server's base URL as a build reaches it. */
  readonly endpoint: () => string;
  /** Where this server's builds lie; see `steps/node.ts`. */
  readonly node: string;
  /** A build's own folder. */
  readonly folderOf: (build: Pick<StoredBuild, 'id'>) => string;
  /** Folders that builds must not see. */
  readonly hide: readonly string[];
}

/** One step of a build. `wait`: nothing more can be done before a wake-up. */
export type StepRunner = (deps: StepDeps, run: JobRun, build: StoredBuild) => Promise<'on' | 'wait'>;
