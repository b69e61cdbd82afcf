import type { Jobs } from '../../engine/jobs.ts';
import type { ResourcePolicies } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { KeyedHash, Seal } from '../../kernel/seal.ts';
import type { QueueLookup } from './lookup.ts';
import type { Receipts } from './messages/receipts.ts';
import type { Waiting } from './messages/waiting.ts';

export interface SqsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly seal: Seal;
  readonly hash: KeyedHash;
  readonly policies: ResourcePolicies;
  /** How many messages of a queue may be in flight, where that is not AWS's number. */
  readonly inFlight?: number;
}

/** What the room's files share. */
export interface SqsContext extends SqsDeps {
  readonly inFlight: number;
  readonly queues: QueueLookup;
  readonly receipts: Receipts;
  readonly waiting: Waiting;
}
