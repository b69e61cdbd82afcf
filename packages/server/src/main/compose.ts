import { join } from 'node:path';
import { loadContract, type Apis } from '@slipway/contracts';
import { blobMigrations, openBlobs } from '../blobs/index.ts';
import type { EdgeDeps } from '../edge/server.ts';
import { createJobs, createOutbox, createWatches, engineMigrations, type StoredEvent } from '../engine/index.ts';
import { createGit } from '../git/index.ts';
import type { Clock } from '../kernel/clock.ts';
import { openDatabase } from '../kernel/database/index.ts';
import { createDispatcher } from '../kernel/dispatch.ts';
import type { Log } from '../kernel/log.ts';
import { kernelMigrations } from '../kernel/migrations.ts';
import { createPaging } from '../kernel/paging.ts';
import { allRegions, regionExists } from '../kernel/regions.ts';
import { createKeyedHash, createSeal, deriveKey } from '../kernel/seal.ts';
import type { Room, Service } from '../kernel/service.ts';
import { openLogs } from '../logs/index.ts';
import { metricMigrations, openMetrics } from '../metrics/index.ts';
import { createOutbound } from '../outbound/index.ts';
import { createCloudWatch } from '../services/cloudwatch/index.ts';
import { createCloudWatchLogs } from '../services/cloudwatch-logs/index.ts';
import { chooseRunner, createCodeBuild, type BuildRunner } from '../services/codebuild/index.ts';
import { createCodeCommit } from '../services/codecommit/index.ts';
import { createCodeDeploy } from '../services/codedeploy/index.ts';
import { createCodePipeline } from '../services/codepipeline/index.ts';
import { createEventBridge } from '../services/eventbridge/index.ts';
import { createIam } from '../services/iam/index.ts';
import { createS3 } from '../services/s3/index.ts';
import { createSecretsManager } from '../services/secrets-manager/index.ts';
import { createSns } from '../services/sns/index.ts';
import { createSqs } from '../services/sqs/index.ts';
import { createSsm } from '../services/ssm/index.ts';
import { createSts } from '../services/sts/index.ts';
import { createWire, validate } from '../wire/index.ts';
import type { Config } from './config.ts';
import type { DataFolder, RootProfile } from './data-folder.ts';
import { housekeeping } from './housekeeping.ts';
import { ownAddress } from './own-address.ts';

export type { BuildRunner } from '../services/codebuild/index.ts';

export interface ComposeDeps {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly log: Log;
  readonly clock: Clock;
  readonly masterKey: Buffer;
  /** The base URL that we listen on; asked once we do. */
  readonly endpoint: () => string;
  readonly programs: { readonly supervisor: string; readonly agent: string };
  readonly runner: BuildRunner;
  /** The certificates that the endpoint shows, where it has any. */
  readonly certificates: string | undefined;
}

/** The house, its rooms bound to each other, nothing of it running yet. */
export interface House {
  readonly edge: Pick<EdgeDeps, 'wire' | 'dispatcher' | 'accessKeys' | 'doors' | 'regionExists'>;
  readonly notices: readonly string[];
  readonly services: readonly Service[];
  ensureRootKey(given: RootProfile | undefined): Promise<RootProfile | undefined>;
  onEvent(heard: (event: StoredEvent) => void): void;
  /** Goes on with whatever was left running. */
  start(): Promise<void>;
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Constructs every room, once, in the order in which they need each other. */
export async function compose(deps: ComposeDeps): Promise<House> {
  const { config, folder, log, clock, masterKey } = deps;

  const db = await openDatabase(config.databaseUrl ? { url: config.databaseUrl } : { file: join(folder.db, 'slipway.db') });
  const seal = createSeal(masterKey);
  const hash = createKeyedHash(masterKey);
  const paging = createPaging(deriveKey(masterKey, 'paging'));

  const jobs = createJobs({ db, clock, log });
  const outbox = createOutbox({ db, clock, log });
  const watches = createWatches({ jobs });
  const blobs = await openBlobs({ db, jobs, clock, directory: folder.blobs, masterKey });
  const logs = await openLogs(folder.logs, { clock });
  const metrics = openMetrics({ db, clock, jobs });
  const git = createGit({ folder: folder.git });
  const outbound = createOutbound({ allow: config.allowEndpoints });

  const iam = createIam({ db, clock, seal, hash, paging });
  const sts = createSts({ db, clock, seal, roles: iam.roles, lastingKeys: iam.accessKeys });
  const { authorizer, servicePasswords } = iam;
  const { accessKeys, identities } = sts;
  const dispatcher = createDispatcher({ authorizer, log, endpoint: deps.endpoint, validate: (service, operation, input) => validate(loadContract(service as keyof Apis), operation, input) });

  const { peers } = dispatcher;
  const codecommit = createCodeCommit({ db, clock, jobs, outbox, watches, paging, peers, log, git, accessKeys, servicePasswords, authorizer, regions: { default: config.region, known: allRegions() }, outbound, seal,
    ...config.sshPort !== undefined && { ssh: { port: config.sshPort, bind: config.bind, hostKeyFile: join(folder.keys, 'ssh_host_ed25519_key'), keys: iam.sshKeys } } });
  const cloudwatchLogs = createCloudWatchLogs({ db, clock, jobs, paging, logs, authorizer });
  const cloudwatch = createCloudWatch({ db, clock, jobs, outbox, paging, peers, log, metrics });
  const runner = await chooseRunner({ ...config.builds, wanted: deps.runner, certificates: deps.certificates });
  const eventbridge = createEventBridge({ db, clock, jobs, paging, peers, identities, authorizer, resourcePolicies: iam.resourcePolicies, seal, outbound, log });

  const rooms: Room[] = [
    iam,
    sts,
    createS3({ db, blobs, watches, clock, paging, regionExists, authorizer }),
    cloudwatchLogs,
    cloudwatch,
    eventbridge,
    createSns({ db, clock, jobs, paging, peers, policies: iam.resourcePolicies, seal, hash, outbound, log, smtp: config.smtp, baseUrl: () => config.publicUrl ?? ownAddress(deps.endpoint(), deps.certificates) }),
    createSqs({ db, clock, jobs, paging, seal, hash, policies: iam.resourcePolicies }),
    createSsm({ db, clock, outbox, paging, seal }),
    createSecretsManager({ db, clock, jobs, paging, seal, authorizer, resourcePolicies: iam.resourcePolicies }),
    codecommit,
    createCodeBuild({
      db, clock, jobs, outbox, watches, paging, peers, identities, hash, seal, outbound, log, logSink: cloudwatchLogs.logSink, metrics: cloudwatch.metrics, sources: codecommit.sources,
      endpoint: () => ownAddress(deps.endpoint(), deps.certificates), buildsFolder: folder.builds, supervisorPath: deps.programs.supervisor, runner, concurrentBuilds: config.concurrentBuilds, localCacheBytes: config.builds.localCacheBytes,
    }),
    createCodeDeploy({ db, clock, jobs, outbox, watches, paging, peers, identities }),
    createCodePipeline({ db, clock, jobs, outbox, watches, paging, peers, identities, git: codecommit.sources }),
  ];
  const services = rooms.flatMap((room) => [room.service, ...(room.companions ?? [])]);
  for (const service of services) dispatcher.add(service);

  await db.migrate([...kernelMigrations, ...engineMigrations, ...blobMigrations, ...metricMigrations, ...rooms.flatMap((room) => room.migrations)]);

  const keepHouse = housekeeping({ db, clock, jobs });
  const listeners: ((event: StoredEvent) => void)[] = [];
  outbox.deliverTo(async (event) => {
    await eventbridge.deliver(event);
    for (const heard of listeners) heard(event);
  });

  return {
    edge: {
      wire: createWire({ region: config.region, contracts: services.map((service) => loadContract(service.name as keyof Apis)) }),
      dispatcher,
      accessKeys,
      doors: rooms.flatMap((room) => room.doors ?? []),
      regionExists,
    },
    notices: runner.notice === undefined ? [] : [runner.notice],
    services,
    ensureRootKey: (given) => iam.ensureRootKey({ account: config.accountId, ...given }),
    onEvent: (heard) => void listeners.push(heard),
    async start() {
      await blobs.start();
      await outbox.start();
      await metrics.start();
      for (const room of rooms) await room.start?.();
      await jobs.start();
      await keepHouse();
    },
    async settled() {
      // Each may give the other work; both are idle only when a second look finds them so.
      for (let calm = 0; calm < 2; calm++) {
        await jobs.idle();
        await outbox.idle();
      }
    },
    async stop() {
      for (const room of rooms) await room.stop?.();
      await jobs.stop();
      await outbox.stop();
      await git.close();
      await logs.close();
      await db.close();
    },
  };
}
