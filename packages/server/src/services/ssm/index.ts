import type { SSMApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import type { SsmDeps } from './deps.ts';
import { describing } from './describing.ts';
import { labels } from './labels.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { parameters } from './parameters.ts';
import { reading } from './reading.ts';
import { tags } from './tags.ts';
import { createValues } from './values.ts';

/** Systems Manager's Parameter Store: versions, labels and values, sealed at rest. */
export function createSsm(deps: SsmDeps): Room {
  const withValues = { ...deps, values: createValues(deps.seal) };
  return {
    service: service<SSMApi>()({
      name: 'ssm',
      operations: { ...parameters(withValues), ...reading(withValues), ...describing(deps), ...labels(deps), ...tags(deps) },
      access,
      notYet,
      validate,
    }),
    migrations,
  };
}
