import type { SecretsManagerApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { deletionJob, endRecovery } from './deletion.ts';
import type { SecretsManagerDeps } from './deps.ts';
import { validate } from './limits.ts';
import { listing } from './listing.ts';
import { migrations } from './migrations.ts';
import { notYet } from './not-yet.ts';
import { passwords } from './passwords.ts';
import { policies } from './policies.ts';
import { reading } from './reading.ts';
import { secrets } from './secrets.ts';
import { staging } from './staging.ts';
import { tags } from './tags.ts';
import { createValues } from './values.ts';

/** Secrets Manager: secrets with versions and stages, sealed at rest. */
export function createSecretsManager(deps: SecretsManagerDeps): Room {
  const withValues = { ...deps, values: createValues(deps.seal) };
  deps.jobs.handle(deletionJob({ account: '', region: '', name: '' }).kind, endRecovery(deps));
  return {
    service: service<SecretsManagerApi>()({
      name: 'secrets-manager',
      actionPrefix: 'secretsmanager',
      operations: {
        ...secrets(withValues), ...reading(withValues), ...listing(deps), ...staging(deps), ...tags(deps), ...policies(deps), ...passwords,
      },
      access: access(deps),
      notYet,
      validate,
    }),
    migrations,
  };
}
