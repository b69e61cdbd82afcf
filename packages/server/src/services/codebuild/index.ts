import { dirname, join } from 'node:path';
import type { CodeBuildApi } from '@slipway/contracts';
import { createStandby, hostRuntimes, type Runtimes } from '@slipway/builder';
import type { Watches } from '../../engine/watch.ts';
import type { GitSources } from '../../git/ports.ts';
import type { Log } from '../../kernel/log.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import type { MetricSink } from '../../kernel/metrics.ts';
import type { KeyedHash, Seal } from '../../kernel/seal.ts';
import { service, type Room } from '../../kernel/service.ts';
import type { LogSink } from '../../logs/ports.ts';
import type { Outbound } from '../../outbound/index.ts';
import { access } from './access.ts';
import { uuidOf } from './builds/build.ts';
import { builds, type BuildsDeps } from './builds/builds.ts';
import { BUILD_JOB, buildJob } from './builds/job.ts';
import { METRICS_JOB, reportMetrics } from './builds/metrics.ts';
import { retryFailed, RETRY_JOB } from './builds/retrying.ts';
import { unfinishedBuilds } from './builds/store.ts';
import { createLocalCaches } from './cache/index.ts';
import { credentialsDoor } from './environment/credentials-door.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { projects } from './projects/projects.ts';
import { curatedImages } from './runner/curated-images.ts';
import { preparationOf, type ChosenRunner } from './runner/runner.ts';
import { sourceCredentials } from './source-credentials/source-credentials.ts';
import { createSources } from './sources/index.ts';
import { advanceBuild } from './steps/advance.ts';
import { createCommit } from './steps/commit.ts';
import { createFollowers } from './steps/followers.ts';
import { createHeld } from './steps/held.ts';
import { nodeOf } from './steps/node.ts';

export { chooseRunner, type BuildRunner, type ChosenRunner, type RunnerSettings } from './runner/runner.ts';

export interface CodeBuildDeps extends BuildsDeps {
  readonly log: Log;
  readonly watches: Watches;
  readonly peers: Peers;
  readonly identities: Identities;
  readonly logSink: LogSink;
  readonly metrics: MetricSink;
  /** CodeCommit's repositories. */
  readonly sources: GitSources;
  readonly hash: KeyedHash;
  readonly seal: Seal;
  readonly outbound: Pick<Outbound, 'resolve'>;
  /** Where builds have their folders, one each. */
  readonly buildsFolder: string;
  /** The bundled supervisor program. */
  readonly supervisorPath: string;
  readonly runner: ChosenRunner;
  /** What caches of type LOCAL may take together. */
  readonly localCacheBytes: number;
}

/** CodeBuild: projects, and builds that really run. */
export function createCodeBuild(deps: CodeBuildDeps): Room {
  const { db, jobs, buildsFolder } = deps;
  const held = createHeld(deps);
  const followers = createFollowers(deps);
  const caches = createLocalCaches({ ...deps, folder: join(buildsFolder, '.cache'), maxBytes: deps.localCacheBytes });
  const standby = createStandby(deps.supervisorPath, () => preparationOf(deps.runner, deps.endpoint()));
  let found: Promise<Runtimes> | undefined;
  const runtimes = (): Promise<Runtimes> => (found ??= hostRuntimes());
  jobs.handle(BUILD_JOB, advanceBuild({
    ...deps,
    held,
    followers,
    standby,
    commit: createCommit(deps),
    sources: createSources(deps),
    runtimes,
    node: nodeOf(buildsFolder),
    folderOf: ({ id }) => join(buildsFolder, uuidOf(id)),
    hide: [dirname(buildsFolder)],
    caches,
  }));
  jobs.handle(METRICS_JOB, reportMetrics(deps));
  jobs.handle(RETRY_JOB, retryFailed(deps));
  return {
    service: service<CodeBuildApi>()({ name: 'codebuild', operations: { ...projects({ ...deps, caches }), ...builds(deps), ...sourceCredentials(deps), ...curatedImages({ ...deps, runtimes }) }, access, notYet, validate }),
    migrations,
    doors: [credentialsDoor({ ...deps, held })],
    /** Takes up the builds that went on while no server was there to follow them. */
    async start() {
      await caches.tidy();
      if (deps.runner.kind !== undefined && deps.runner.kind !== 'dummy') standby.ready();
      const left = await unfinishedBuilds(db);
      if (left.length > 0) await db.transaction(async (tx) => { for (const build of left) await jobs.wake(tx, buildJob(build)); });
    },
    async stop() {
      standby.stop();
      await followers.stop();
    },
  };
}
