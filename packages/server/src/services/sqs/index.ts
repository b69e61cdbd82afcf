import type { SQSApi } from '@slipway/contracts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import type { SqsContext, SqsDeps } from './deps.ts';
import { handled } from './handled.ts';
import { createLookup } from './lookup.ts';
import { migrations } from './migrations.ts';
import { moveTasks } from './move-tasks.ts';
import { handleMoves } from './moving.ts';
import { notYet } from './not-yet.ts';
import { permissions } from './permissions.ts';
import { queues } from './queues.ts';
import { createReceipts } from './receipts.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';
import { tags } from './tags.ts';
import { handleUpkeep } from './upkeep.ts';
import { createWaiting } from './waiting.ts';

/** SQS: standard and FIFO queues as rows; long polls wait in `waiting.ts` and are woken by commits, timers and other servers. */
export function createSqs(deps: SqsDeps): Room {
  const waiting = createWaiting(deps);
  const context: SqsContext = { ...deps, queues: createLookup(deps.db), receipts: createReceipts(deps.hash), waiting };
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
