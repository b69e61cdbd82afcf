import { isDead, makeOwner } from '../../../engine/owner.ts';
import { endProcess } from '../../../git/index.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { renewRefChanges } from '../store.ts';
import type { RefChange } from '../store.ts';

/** How long a change belongs to the server that began it, unless that renews it. ms */
const LEASE = 30_000;
const RENEWAL = 10_000;

/**
 * Whose changes of references are. A change under way is a row, and its row keeps every other change of the same
 * references waiting, in this process and in every other that serves the same repositories. The row belongs to its
 * server by a lease, so that what a dead server leaves is settled by the next one; a server that cannot renew ends the
 * git processes that others may soon believe to be dead.
 */
export interface RefChangeLeases {
  /** What a new row says of its owner. */
  terms(): Pick<RefChange, 'owner' | 'lease_until'>;
  /** Keeps the lease until the answer is called. */
  keep(change: RefChange): () => void;
  /** Whether a git process that this server started may be at it. */
  isOurs(change: RefChange): boolean;
  /** Whether nobody is at it any more, as far as can be known. */
  isLeft(change: RefChange): boolean;
}

export function refChangeLeases({ db, clock }: { db: Database; clock: Clock }): RefChangeLeases {
  const owner = makeOwner();
  const kept = new Map<string, RefChange>();
  let timer: NodeJS.Timeout | undefined;
  let renewedAt = 0;

  // Real time: the lease guards real processes.
  const renew = async (): Promise<void> => {
    const changes = [...kept.values()];
    try {
      await db.transaction((tx) => renewRefChanges(tx, changes, clock.now() + LEASE));
      renewedAt = performance.now();
    } catch {
      // Every second attempt still comes in time; after that the lease is nearly over, and git must be too.
      if (performance.now() - renewedAt > LEASE - RENEWAL) await Promise.all(changes.map(({ process }) => endProcess(process)));
    }
  };

  return {
    terms: () => ({ owner, lease_until: clock.now() + LEASE }),

    keep(change) {
      kept.set(change.change_id, change);
      if (timer === undefined) {
        renewedAt = performance.now();
        timer = setInterval(() => void renew(), RENEWAL).unref();
      }
      return () => {
        kept.delete(change.change_id);
        if (kept.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },

    isOurs: ({ change_id: id }) => kept.has(id),

    isLeft(change) {
      if (change.owner === owner) return !kept.has(change.change_id);
      return isDead(change.owner) || change.lease_until <= clock.now();
    },
  };
}
