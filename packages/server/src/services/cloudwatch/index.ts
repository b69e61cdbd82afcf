import type { CloudWatchApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { notYet } from './not-yet.ts';

/** CloudWatch: no operation is answered yet. */
export function createCloudWatch(): Room {
  return { service: service<CloudWatchApi>()({ name: 'cloudwatch', operations: {}, access: {}, notYet }), migrations: [] };
}
