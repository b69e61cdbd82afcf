import type { Outbox } from '../../engine/outbox.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Seal } from '../../kernel/seal.ts';

export interface SsmDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly paging: Paging;
  readonly seal: Seal;
}
