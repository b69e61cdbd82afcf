import type { SecretsManagerApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { notYet } from './not-yet.ts';

/** Secrets Manager: no operation is answered yet. */
export function createSecretsManager(): Room {
  return { service: service<SecretsManagerApi>()({ name: 'secrets-manager', actionPrefix: 'secretsmanager', operations: {}, access: {}, notYet }), migrations: [] };
}
