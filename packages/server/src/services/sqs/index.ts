import type { SQSApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import type { SqsContext, SqsDeps } from './deps.ts';
import { handled } from './messages/handled.ts';
import { LIMITS } from './limits.ts';
import { createLookup } from './lookup.ts';
import { migrations } from './migrations.ts';
import { moveTasks } from './move-tasks/move-tasks.ts';
import { handleMoves } from './move-tasks/moving.ts';
import { notYet } from './not-yet.ts';
import { permissions } from './queues/permissions.ts';
import { queues } from './queues/queues.ts';
import { createReceipts } from './messages/receipts.ts';
import { receive } from './messages/receive.ts';
import { send } from './messages/send.ts';
import { tags } from './tags.ts';
import { handleUpkeep } from './queues/upkeep.ts';
import { createWaiting } from './messages/waiting.ts';

/** SQS: standard and FIFO queues as rows; long polls wait in `waiting.ts` and are woken by commits, timers and other servers. */
export function createSqs(deps: SqsDeps): Room {
  const waiting = createWaiting(deps);
  const context: SqsContext = { inFlight: LIMITS.inFlight, ...deps, queues: createLookup(deps.db), receipts: createReceipts(deps.hash), waiting };
  const beginUpkeep = handleUpkeep(deps);
  handleMoves(context);
  return {
    service: service<SQSApi>()({
      name: 'sqs',
      operations: { ...queues(context), ...send(context), ...receive(context), ...handled(context), ...permissions(context), ...tags(context), ...moveTasks(context) },
      access: access(context),
      notYet,
    }),
    migrations,
    async start() {
      await waiting.start();
      await beginUpkeep();
    },
    stop: () => waiting.stop(),
  };
}
