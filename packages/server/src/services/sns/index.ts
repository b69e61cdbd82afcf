import type { SNSApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { notYet } from './not-yet.ts';

/** SNS: no operation is answered yet. */
export function createSns(): Room {
  return { service: service<SNSApi>()({ name: 'sns', operations: {}, access: {}, notYet }), migrations: [] };
}
