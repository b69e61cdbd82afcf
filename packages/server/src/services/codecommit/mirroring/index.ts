import type { CodeCommitMirroringApi, RepositoryMirror } from '@slipway/contracts';
import type { JobKey, Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { service } from '../../../kernel/service.ts';
import type { AccessTable, Call, OperationRequest, Operations, Service } from '../../../kernel/service.ts';
import { OutboundRefused } from '../../../outbound/index.ts';
import { gitAccess } from '../access.ts';
import { repositoryArn } from '../arns.ts';
import { existing } from '../lookup.ts';
import type { RefFollower } from '../refs/ref-changes.ts';
import { findRepository, findRepositoryById } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { fail, mirrorInput } from './input.ts';
import { deleteMirror, findMirror, listMirrors, noteSync, putMirror } from './store.ts';
import type { MirrorRow } from './store.ts';
import { secretsPlace, sync } from './sync.ts';
import type { SyncDeps } from './sync.ts';

const JOB = 'codecommit/mirror';

export interface MirroringDeps extends SyncDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
}

const keyOf = ({ account, region, repository_id: id }: Pick<RepositoryRow, 'account' | 'region' | 'repository_id'>): JobKey => ({ kind: JOB, account, region, id });

/** Starts the push of a repository that is mirrored elsewhere as soon as one of its references has moved. */
export function mirrorFollower({ db, jobs }: Pick<MirroringDeps, 'db' | 'jobs'>): RefFollower {
  return {
    async follow(change) {
      const mirror = await findMirror(db, change);
      return async (tx) => {
        if (mirror?.direction === 'PUSH') await jobs.wake(tx, keyOf(mirror));
      };
    },
  };
}

/** Mirrors of repositories: their settings by an API of ours, their syncs by one job for each. */
export function mirroring(deps: MirroringDeps): Service {
  const { db, clock, jobs } = deps;

  jobs.handle(JOB, async (run) => {
    const repository = await findRepositoryById(db, { ...run.key, repository_id: run.key.id });
    const mirror = repository && await findMirror(db, repository);
    if (!repository || !mirror) return;
    const { status, message, diverged } = await sync(deps, mirror, repository, run.signal);
    const now = clock.now();
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await noteSync(tx, mirror, { status, status_message: message, diverged: JSON.stringify(diverged.slice(0, 1_000)), synced_at: now, ...status === 'FAILED' ? {} : { succeeded_at: now } });
    });
    run.again(now + mirror.interval_ms);
  });

  return service<CodeCommitMirroringApi>()({ name: 'codecommit-mirroring', actionPrefix: 'codecommit', operations: operations(deps), access: access(deps), notYet: [] });
}

function operations({ db, clock, jobs, seal, outbound }: MirroringDeps) {
  const needed = async (call: Call, name: string): Promise<[RepositoryRow, MirrorRow]> => {
    const repository = await existing(db, call, name);
    const mirror = await findMirror(db, repository);
    if (!mirror) throw fail('MirrorDoesNotExistException', `${name} has no mirror.`);
    return [repository, mirror];
  };

  return {
    /** Sets up or replaces the mirror, and starts a sync. Secrets that are not given again are gone. */
    async PutRepositoryMirror(input, call) {
      const repository = await existing(db, call, input.repositoryName);
      const { url, secrets, hostKey, intervalMinutes, force } = mirrorInput(input);
      await outbound.resolve(url.hostname).catch((error: unknown) => {
        if (error instanceof OutboundRefused) throw fail('InvalidMirrorException', error.message, { cause: error });
        // A name that does not resolve now is the sync's matter.
      });
      const row: MirrorRow = {
        account: call.account, region: call.region, repository_id: repository.repository_id, direction: input.direction, url: url.href,
        secrets: secrets === undefined ? null : seal.seal(JSON.stringify(secrets), secretsPlace(repository.repository_id)), host_key: hostKey ?? null,
        interval_ms: intervalMinutes * 60_000, force: force ? 1 : 0, caller_arn: call.caller.arn, status: 'PENDING', status_message: null, diverged: '[]', synced_at: null, succeeded_at: null,
      };
      await db.transaction(async (tx) => {
        await putMirror(tx, row);
        await jobs.wake(tx, keyOf(row), clock.now());
      });
      return { mirror: described(repository, row) };
    },

    async GetRepositoryMirror(input, call) {
      return { mirror: described(...await needed(call, input.repositoryName)) };
    },

    async ListRepositoryMirrors(_input, call) {
      const rows = await listMirrors(db, call);
      const repositories = await Promise.all(rows.map((row) => findRepositoryById(db, row)));
      const mirrors = rows.flatMap((row, index) => (repositories[index] ? [described(repositories[index], row)] : []));
      return { mirrors: mirrors.toSorted((a, b) => (a.repositoryName < b.repositoryName ? -1 : 1)) };
    },

    /** What was mirrored stays; removing what is not there succeeds. */
    async DeleteRepositoryMirror(input, call) {
      const repository = await existing(db, call, input.repositoryName);
      await db.transaction((tx) => deleteMirror(tx, repository));
      return {};
    },

    async StartRepositoryMirrorSync(input, call) {
      const [repository, mirror] = await needed(call, input.repositoryName);
      await db.transaction((tx) => jobs.wake(tx, keyOf(mirror)));
      return { mirror: described(repository, mirror) };
    },
  } satisfies Operations<CodeCommitMirroringApi>;
}

const on = ({ repositoryName }: { repositoryName: string }, call: Call): OperationRequest => ({ resource: repositoryArn(call, repositoryName) });

/** Whoever sets up a mirror lets the remote write here, or read: what they may not do themselves they may not order. */
function access({ db, git }: Pick<MirroringDeps, 'db' | 'git'>): AccessTable<CodeCommitMirroringApi> {
  /** Each reference there is may be moved or deleted: a rule that protects one of them is asked about it. */
  async function pushesTo(name: string, call: Call): Promise<OperationRequest[]> {
    const repository = await findRepository(db, call, name);
    if (!repository) return [];
    const { read } = git.repository(repository.repository_id);
    const references = [...await read.references('refs/heads/'), ...await read.references('refs/tags/')];
    return references.map(([reference]) => gitAccess('GitPush', call, name, reference));
  }

  return {
    PutRepositoryMirror: async (input, call) => [
      on(input, call),
      gitAccess(input.direction === 'PULL' ? 'GitPush' : 'GitPull', call, input.repositoryName),
      ...input.direction === 'PULL' ? await pushesTo(input.repositoryName, call) : [],
    ],
    GetRepositoryMirror: on,
    ListRepositoryMirrors: () => ({ resource: '*' }),
    DeleteRepositoryMirror: on,
    StartRepositoryMirrorSync: on,
  };
}

function described({ name }: RepositoryRow, row: MirrorRow): RepositoryMirror {
  const diverged = JSON.parse(row.diverged) as string[];
  return {
    repositoryName: name, direction: row.direction, remoteUrl: row.url, intervalMinutes: row.interval_ms / 60_000, force: row.force === 1, status: row.status,
    ...row.status_message === null ? {} : { statusMessage: row.status_message },
    ...diverged.length === 0 ? {} : { divergedReferences: diverged },
    ...row.synced_at === null ? {} : { lastSyncDate: row.synced_at },
    ...row.succeeded_at === null ? {} : { lastSuccessDate: row.succeeded_at },
  };
}
