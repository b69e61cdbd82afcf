import type { JobKey, Jobs } from '../../../engine/jobs.ts';
import type { Outbox } from '../../../engine/outbox.ts';
import type { Watches } from '../../../engine/watch.ts';
import { endProcess, NO_OBJECT } from '../../../git/index.ts';
import type { Git, RefCommand, RefGuard, Repository } from '../../../git/index.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import { referenceMoved } from '../events.ts';
import { tidying } from './gc.ts';
import { keyedLocks } from './keyed-locks.ts';
import { refChangeLeases } from './leases.ts';
import { deleteRefChange, findRefChange, findRepositoryById, insertRefChange, lockRepository, refChangesIn, refChangesOf, updateRepository } from '../store.ts';
import type { RefChange, RefChangeCause, RepositoryRow } from '../store.ts';

const JOB = 'codecommit/ref-change';
/** When a change that nobody settled is looked at, and how often one that is still under way. ms */
const LOOK_AFTER = 5_000;
/** How often another server's change of the same reference is asked about. ms */
const OTHERS_CHANGE = 20;

/** Takes part in the consequences of every movement: pull requests, triggers. */
export interface RefFollower {
  /**
   * Called before the transaction that settles a change, while nothing else moves these references: reads what it
   * needs, git included. What it answers writes in that transaction. It is called anew when a settling is repeated.
   */
  follow(change: RefChange, moved: readonly RefCommand[]): Promise<(tx: Transaction, repository: RepositoryRow) => Promise<void>>;
}

export interface RefChangesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  /** Told of every reference that moved, as `codecommit/ref` `<repository name>:<full reference name>`. */
  readonly watches: Pick<Watches, 'notify'>;
  readonly git: Git;
  readonly followers?: readonly RefFollower[];
}

/**
 * The one way in which references move, by push or by an operation.
 *
 * Git's references are the truth and the database follows. Before git can move anything, the change is a row, and a job
 * that settles it is due. Settling compares the references with the row, and one transaction removes the row, updates
 * the repository and emits an event for each reference that has come to be where the change wanted it. Whoever removes
 * the row writes the events, so there is one event for each movement, crash or not.
 *
 * Changes of one reference stand in line, within this process by a lock and between the processes that serve the same
 * repositories by their rows: what a reference is found to be after a change is that change's doing.
 */
export interface RefChanges {
  /** Stands around a movement, on behalf of the caller with this ARN. `cause`: kept with the intent, told with the events. */
  guard(repository: RepositoryRow, callerArn: string, cause?: RefChangeCause): RefGuard;
  /** Runs `work` while nothing moves the reference. */
  whileStill<T>(repository: RepositoryRow, ref: string, work: () => Promise<T>): Promise<T>;
}

/** The repository was deleted while a change of it was under way. */
export class RepositoryGone extends Error {
  override readonly name = 'RepositoryGone';
}

export function refChanges({ db, clock, jobs, outbox, watches, git, followers = [] }: RefChangesDeps): RefChanges {
  const locks = keyedLocks();
  const leases = refChangeLeases({ db, clock });
  // A row without references keeps none waiting; it tells whoever finds it left which process may have left locks.
  const packing = (repository: RepositoryRow): RefGuard => ({ begin: async (_, process) => (await claim(repository, '', [], process)).settled });
  const tidy = tidying({ db, jobs, git, packing });

  const lock = (repositoryId: string, refs: readonly string[]): Promise<() => void> => locks.take(refs.map((ref) => `${repositoryId} ${ref}`));

  async function settle(change: RefChange, fence?: (tx: Transaction) => Promise<void>): Promise<void> {
    const { read } = git.repository(change.repository_id);
    const moved: RefCommand[] = [];
    for (const command of change.commands) {
      if (command.old !== command.new && (await read.reference(command.ref) ?? NO_OBJECT) === command.new) moved.push(await peeled(read, command));
    }
    const consequences = moved.length === 0 ? [] : await Promise.all(followers.map((follower) => follower.follow(change, moved)));
    await db.transaction(async (tx) => {
      await fence?.(tx);
      const repository = await lockRepository(tx, change, change.repository_id);
      if (!await deleteRefChange(tx, change) || !repository || moved.length === 0) return;
      const firstBranch = moved.find(({ ref, new: next }) => ref.startsWith('refs/heads/') && next !== NO_OBJECT);
      await updateRepository(tx, repository, {
        updated_at: clock.now(),
        ...repository.default_branch === null && firstBranch ? { default_branch: firstBranch.ref.slice('refs/heads/'.length) } : {},
      });
      await tidy.changed(tx, repository);
      for (const command of moved) {
        const event = referenceMoved(repository, command, change.caller_arn, change.cause?.merge);
        if (event) await outbox.emit(tx, event);
        await watches.notify(tx, { kind: 'codecommit/ref', account: repository.account, region: repository.region, id: `${repository.name}:${command.ref}` });
      }
      for (const write of consequences) await write(tx, repository);
    });
  }

  /**
   * Settles what a process that is no more has left: first its git must be no more either, or it could move references
   * afterwards, and what that has left locked is freed, or nobody could move them any more.
   */
  async function settleLeft(change: RefChange, fence?: (tx: Transaction) => Promise<void>): Promise<void> {
    await endProcess(change.process);
    while (!await freeLocks(change)) await new Promise((resolve) => { setTimeout(resolve, OTHERS_CHANGE); });
    await settle(change, fence);
  }

  /**
   * Answers whether nothing that the change's process had locked is locked any more. While a left row is there no other
   * is added, so once the living ones are settled no git is at work that could have a lock.
   */
  async function freeLocks(left: RefChange): Promise<boolean> {
    const ended = new Set<string>();
    for (const change of await refChangesOf(db, left)) {
      if (!leases.isLeft(change)) continue;
      await endProcess(change.process);
      ended.add(change.change_id);
    }
    return db.transaction(async (tx) => {
      const repository = await lockRepository(tx, left, left.repository_id);
      const changes = await refChangesIn(tx, left);
      // Another has settled it, and new changes may be under way.
      if (!repository || !changes.some(({ change_id: id }) => id === left.change_id)) return true;
      if (!changes.every(({ change_id: id }) => ended.has(id))) return false;
      // Within the transaction, since the repository's row is what keeps new changes from beginning; done twice, it is done.
      git.repository(left.repository_id).breakLocks(changes.flatMap(({ commands }) => commands.map(({ ref }) => ref)));
      return true;
    });
  }

  async function begin(repository: RepositoryRow, callerArn: string, commands: readonly RefCommand[], process: string, cause?: RefChangeCause): Promise<() => Promise<void>> {
    for (;;) {
      await settleAllLeft(repository);
      const possible = await fromWhereTheyAre(git.repository(repository.repository_id), commands);
      if (possible.length === 0) return async () => undefined;
      const { settled, withdraw } = await claim(repository, callerArn, possible, process, cause);
      // While another server's change was waited for, it may have made some of these impossible, and its doing would count as ours.
      if ((await fromWhereTheyAre(git.repository(repository.repository_id), possible)).length === possible.length) return settled;
      await withdraw();
    }
  }

  async function settleAllLeft(repository: RepositoryRow): Promise<void> {
    for (const change of await refChangesOf(db, repository)) {
      if (leases.isLeft(change)) await settleLeft(change);
    }
  }

  /** Makes the change a row and answers what settles it, and what takes it back before anything moved. Waits for another server's change of the same references. */
  async function claim(repository: RepositoryRow, callerArn: string, commands: readonly RefCommand[], process: string, cause?: RefChangeCause): Promise<{ settled(): Promise<void>; withdraw(): Promise<void> }> {
    const refs = new Set(commands.map(({ ref }) => ref));
    const change: RefChange = {
      account: repository.account,
      region: repository.region,
      change_id: uuid(),
      repository_id: repository.repository_id,
      commands,
      caller_arn: callerArn,
      process,
      ...cause === undefined ? {} : { cause },
      created_at: clock.now(),
      ...leases.terms(),
    };
    const letGo = leases.keep(change);
    try {
      while (!await insertUnlessTaken(change, refs)) {
        await new Promise((resolve) => { setTimeout(resolve, OTHERS_CHANGE); });
        await settleAllLeft(repository);
      }
    } catch (error) {
      letGo();
      throw error;
    }
    return {
      async settled() {
        try {
          await settle(change);
        } finally {
          // What could not be settled now is the job's.
          letGo();
        }
      },
      async withdraw() {
        try {
          await db.transaction((tx) => deleteRefChange(tx, change));
        } finally {
          letGo();
        }
      },
    };
  }

  function insertUnlessTaken(change: RefChange, refs: ReadonlySet<string>): Promise<boolean> {
    return db.transaction(async (tx) => {
      const current = await lockRepository(tx, change, change.repository_id);
      if (!current) throw new RepositoryGone('the repository has been deleted');
      const others = await refChangesIn(tx, change);
      if (others.some((other) => leases.isLeft(other) || other.commands.some(({ ref }) => refs.has(ref)))) return false;
      await insertRefChange(tx, change);
      await jobs.wake(tx, jobKey(change), clock.now() + LOOK_AFTER);
      return true;
    });
  }

  jobs.handle(JOB, async (run) => {
    const change = await findRefChange(db, run.key, run.key.id);
    if (!change) return;
    if (!leases.isLeft(change)) {
      run.again(clock.now() + LOOK_AFTER);
      return;
    }
    const release = await lock(change.repository_id, change.commands.map(({ ref }) => ref));
    try {
      await settleLeft(change, (tx) => run.fence(tx));
    } finally {
      release();
    }
  });

  return {
    guard: (repository, callerArn, cause) => ({
      async begin(commands, process) {
        const release = await lock(repository.repository_id, commands.map(({ ref }) => ref));
        try {
          // Git refuses by itself to delete the branch that HEAD names, and nothing changes the default while we hold its name.
          const current = await findRepositoryById(db, repository);
          if (current?.default_branch) await git.repository(repository.repository_id).setHead(current.default_branch);
          const settled = await begin(repository, callerArn, commands, process, cause);
          return async () => {
            try {
              await settled();
            } finally {
              release();
            }
          };
        } catch (error) {
          release();
          throw error;
        }
      },
    }),

    async whileStill(repository, ref, work) {
      const release = await lock(repository.repository_id, [ref]);
      try {
        // A change that changes nothing: its row keeps other servers away.
        const { settled } = await claim(repository, '', [{ ref, old: NO_OBJECT, new: NO_OBJECT }], '');
        try {
          return await work();
        } finally {
          await settled();
        }
      } finally {
        release();
      }
    },
  };
}

const jobKey = ({ account, region, change_id: id }: RefChange): JobKey => ({ kind: JOB, account, region, id });

/**
 * The commands that git can carry out: those whose reference is where they expect it. The others fail in git, and what
 * their references are afterwards is none of their doing.
 */
async function fromWhereTheyAre({ read }: Repository, commands: readonly RefCommand[]): Promise<RefCommand[]> {
  const possible: RefCommand[] = [];
  for (const command of commands) {
    if (command.old === command.new) continue;
    if ((await read.reference(command.ref) ?? NO_OBJECT) === command.old) possible.push(command);
  }
  return possible;
}

/** A tag's event names the commit behind the tag object. */
async function peeled(read: Repository['read'], command: RefCommand): Promise<RefCommand> {
  const commitOf = async (id: string): Promise<string> => (id === NO_OBJECT ? id : await read.commitId(id) ?? id);
  return command.ref.startsWith('refs/tags/') ? { ...command, old: await commitOf(command.old), new: await commitOf(command.new) } : command;
}
