import type { SSMApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { notYet } from './not-yet.ts';

/** Systems Manager: no operation is answered yet. */
export function createSsm(): Room {
  return { service: service<SSMApi>()({ name: 'ssm', operations: {}, access: {}, notYet }), migrations: [] };
}
