import type { SQSApi } from '@slipway/contracts';
import type { ListMessageMoveTasksResultEntry } from '@slipway/contracts/sqs';
import { uuid } from '../../../kernel/ids.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { queueArn, queueOfArn } from '../arns.ts';
import type { QueueName } from '../arns.ts';
import { attributesOf } from '../queues/attributes.ts';
import type { SqsContext } from '../deps.ts';
import { fail, invalidParameter } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { countMessages } from '../messages/store.ts';
import { MOVE } from './moving.ts';
import { forgetOldTasks, insertTask, listTasks, lockTask, runningTask, updateTask } from './store.ts';
import { findQueue, listSources, lockLiving, reading } from '../queues/store.ts';
import type { MoveTaskRow, QueueRow } from '../queues/store.ts';

export function moveTasks({ db, clock, jobs }: SqsContext) {
  async function queueAt(arn: string, parameter: 'SourceArn' | 'DestinationArn', call: Call): Promise<QueueRow> {
    const at = queueOfArn(arn);
    if (at === undefined) throw fail('InvalidParameterValue', `You must use this format to specify the ${parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`);
    const row = at.account === call.account && at.region === call.region ? await findQueue(reading(db), at) : undefined;
    if (row === undefined) throw fail('ResourceNotFoundException', `The resource that you specified for the ${parameter} parameter doesn't exist.`);
    return row;
  }

  return {
    async StartMessageMoveTask({ SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: rate }, call) {
      const source = await queueAt(SourceArn, 'SourceArn', call);
      const destination = DestinationArn === undefined ? undefined : await queueAt(DestinationArn, 'DestinationArn', call);
      if (rate !== undefined && (!Number.isInteger(rate) || rate < 1 || rate > LIMITS.moveRate)) throw invalidParameter(rate, 'MaxNumberOfMessagesPerSecond', `Must be between 1 and ${LIMITS.moveRate}.`);
      if ((await listSources(reading(db), SourceArn, { after: '', limit: 1 })).length === 0) throw fail('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
      if (destination?.id === source.id) throw fail('InvalidParameterValue', 'Source queue and destination queue must not be the same.');
      if (destination !== undefined && destination.fifo !== source.fifo) throw fail('InvalidParameterValue', 'Source and destination queues must be of the same type.');
      const now = clock.now();
      const counts = await countMessages(db, source, { now, since: now - attributesOf(source).MessageRetentionPeriod * 1000 });
      const { account, region, name } = source;
      const row: MoveTaskRow = {
        account, region, id: uuid(), queue: name, destination_arn: DestinationArn ?? null, rate: rate ?? null, status: 'RUNNING', moved: 0,
        to_move: counts.visible + counts.inFlight + counts.delayed, failure: null, started: now,
      };
      await db.transaction(async (tx) => {
        await lockLiving(tx, source);
        if ((await runningTask(tx, source)) !== undefined) {
          throw fail('UnsupportedOperation', 'There is already a task running. Only one active task is allowed for a source queue arn at a given time.');
        }
        await forgetOldTasks(tx, source, LIMITS.moveTasksListed);
        await insertTask(tx, row);
        await jobs.wake(tx, { kind: MOVE, account, region, id: row.id });
      });
      return { TaskHandle: handleOf(row) };
    },

    async CancelMessageMoveTask({ TaskHandle }, call) {
      const { id, source } = readHandle(TaskHandle);
      const moved = await db.transaction(async (tx) => {
        const task = await lockTask(tx, { account: call.account, region: call.region, id });
        // The permission was for the queue that the handle names, which anybody can write.
        if (task === undefined || task.queue !== source.name) throw noSuchTask();
        if (task.status !== 'RUNNING') throw fail('UnsupportedOperation', 'Only active tasks can be cancelled.');
        await updateTask(tx, task, { status: 'CANCELLED' });
        return task.moved;
      });
      return { ApproximateNumberOfMessagesMoved: moved };
    },

    async ListMessageMoveTasks({ SourceArn, MaxResults = 1 }, call) {
      const source = await queueAt(SourceArn, 'SourceArn', call);
      if (!Number.isInteger(MaxResults) || MaxResults < 1 || MaxResults > LIMITS.moveTasksListed) throw invalidParameter(MaxResults, 'MaxResults', `Must be between 1 and ${LIMITS.moveTasksListed}.`);
      return { Results: (await listTasks(db, source, MaxResults)).map(shown) };
    },
  } satisfies Partial<Operations<SQSApi>>;
}

function shown(task: MoveTaskRow): ListMessageMoveTasksResultEntry {
  return {
    ...(task.status === 'RUNNING' && { TaskHandle: handleOf(task) }),
    Status: task.status,
    SourceArn: sourceArn(task),
    ...(task.destination_arn !== null && { DestinationArn: task.destination_arn }),
    ...(task.rate !== null && { MaxNumberOfMessagesPerSecond: task.rate }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.to_move,
    ...(task.failure !== null && { FailureReason: task.failure }),
    StartedTimestamp: task.started,
  };
}

const sourceArn = ({ account, region, queue }: MoveTaskRow): string => queueArn({ account, region, name: queue });
const noSuchTask = () => fail('ResourceNotFoundException', 'Task does not exist.');

/** As AWS's: it says which task of which queue, and gives no right to anything. */
const handleOf = (task: MoveTaskRow): string => Buffer.from(JSON.stringify({ taskId: task.id, sourceArn: sourceArn(task) })).toString('base64');

function readHandle(handle: string): { readonly id: string; readonly source: QueueName } {
  try {
    const { taskId, sourceArn: arn } = JSON.parse(Buffer.from(handle, 'base64').toString()) as Record<string, unknown>;
    const source = queueOfArn(String(arn));
    if (typeof taskId === 'string' && source !== undefined) return { id: taskId, source };
  } catch {
    // Falls through to the same refusal.
  }
  throw invalidParameter(handle, 'TaskHandle', 'It is no handle of a task.');
}

/** The source's ARN of the task that a handle means, for who may cancel it. */
export const sourceOfHandle = (handle: string): string => queueArn(readHandle(handle).source);
