import type { Jobs } from '../../engine/jobs.ts';
import type { Authorizer, ResourcePolicies } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Seal } from '../../kernel/seal.ts';

export interface SecretsManagerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly seal: Seal;
  readonly authorizer: Authorizer;
  readonly resourcePolicies: ResourcePolicies;
}
