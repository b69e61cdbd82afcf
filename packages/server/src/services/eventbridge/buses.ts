import type { EventBridgeApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { busArn, needDefaultBus } from './arns.ts';

/** Every account has the default bus in every region; it is nobody's to make or delete. */
export function buses() {
  return {
    async DescribeEventBus(input, call) {
      needDefaultBus(call, input.Name);
      return { Name: 'default', Arn: busArn(call) };
    },

    async ListEventBuses(input, call) {
      const matches = 'default'.startsWith(input.NamePrefix ?? '');
      return { EventBuses: matches ? [{ Name: 'default', Arn: busArn(call) }] : [] };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
