import type { S3Api } from '@slipway/contracts';
import { service, type Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { buckets } from './buckets.ts';
import { copying } from './copying.ts';
import type { S3Deps } from './deps.ts';
import { listings } from './listings.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { reading } from './reading.ts';
import { refuse } from './refusals.ts';
import { tagging } from './tagging.ts';
import { uploads } from './uploads.ts';
import { writing } from './writing.ts';

export type { S3Deps } from './deps.ts';

/** Amazon S3: general purpose buckets, their objects and versions. Bytes are blobs; a bucket's rows say which. */
export function createS3(deps: S3Deps): Room {
  return {
    service: service<S3Api>()({
      name: 's3',
      operations: { ...buckets(deps), ...reading(deps), ...writing(deps), ...copying(deps), ...tagging(deps), ...listings(deps), ...uploads(deps) },
      access,
      notYet,
      validate: refuse,
    }),
    migrations,
  };
}
