import type { JobKey, Jobs } from '../../../engine/jobs.ts';
import type { Git, RefGuard } from '../../../git/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { findRepositoryById } from '../store.ts';
import type { RepositoryRow } from '../store.ts';

const JOB = 'codecommit/gc';
/** Git itself decides whether there is enough to pack: see `tidy`. */
const CHANGES_PER_TIDYING = 25;

/** Packs what changes of references have piled up: one run per repository at a time, on whichever server takes it. */
export interface Tidying {
  /** Counts a settled change of the repository, in its transaction. */
  changed(tx: Transaction, repository: RepositoryRow): Promise<void>;
}

export function tidying({ db, jobs, git, packing }: { db: Database; jobs: Jobs; git: Git; packing(repository: RepositoryRow): RefGuard }): Tidying {
  // A count that a restart forgets delays a tidying, no more.
  const changes = new Map<string, number>();

  jobs.handle(JOB, async ({ key, signal }) => {
    const repository = await findRepositoryById(db, { ...key, repository_id: key.id });
    if (repository) await git.repository(key.id).tidy(signal, packing(repository));
  });

  return {
    async changed(tx, { account, region, repository_id: id }) {
      const count = (changes.get(id) ?? 0) + 1;
      if (count < CHANGES_PER_TIDYING) {
        changes.set(id, count);
        return;
      }
      changes.delete(id);
      const key: JobKey = { kind: JOB, account, region, id };
      await jobs.wake(tx, key);
    },
  };
}
