import type { SQSApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { notYet } from './not-yet.ts';

/** SQS: no operation is answered yet. */
export function createSqs(): Room {
  return { service: service<SQSApi>()({ name: 'sqs', operations: {}, access: {}, notYet }), migrations: [] };
}
