import type { Blobs } from '../../blobs/index.ts';
import type { Watches } from '../../engine/watch.ts';
import type { Authorizer } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';

export interface S3Deps {
  readonly db: Database;
  readonly blobs: Blobs;
  /** Told of every new version, as `s3/object` `<bucket>/<key>`. */
  readonly watches: Pick<Watches, 'notify'>;
  readonly clock: Clock;
  /** Whether there is a region of this name. */
  readonly regionExists: (region: string) => boolean;
  readonly paging: Paging;
  /** Asked by DeleteObjects for each key on its own, as S3 answers it, and before a missing key is admitted. */
  readonly authorizer: Authorizer;
}
