import type { Outbox } from '../../engine/outbox.ts';
import type { Git } from '../../git/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { RefChanges } from './refs/ref-changes.ts';

/** What the operations on a repository's content share. */
export interface ContentDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly git: Git;
  readonly changes: RefChanges;
  readonly paging: Paging;
}

/** What everything about reviews shares. */
export interface ReviewDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly outbox: Outbox;
}
