import type { Outbox } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';

/** What everything about reviews shares. */
export interface ReviewDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly outbox: Outbox;
}
