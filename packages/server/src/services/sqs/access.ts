import type { SQSApi } from '@slipway/contracts';
import type { Access, AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { queueArn, queueOfUrl } from './arns.ts';
import { attributesOf } from './queues/attributes.ts';
import type { SqsDeps } from './deps.ts';
import type { QueueLookup } from './lookup.ts';
import { sourceOfHandle } from './move-tasks/move-tasks.ts';
import type { notYet } from './not-yet.ts';
import { findQueue, reading } from './queues/store.ts';
import type { QueueRow } from './queues/store.ts';

type OfQueue = { readonly QueueUrl: string };

const policyOf = (row: QueueRow | undefined): Pick<OperationRequest, 'resourcePolicy'> => (row === undefined ? {} : { resourcePolicy: attributesOf(row).Policy });
const named = ({ account, region }: Call, name: string): string => queueArn({ account, region, name });

export function access({ db, queues }: Pick<SqsDeps, 'db'> & { readonly queues: QueueLookup }): AccessTable<SQSApi, (typeof notYet)[number]> {
  /** On the queue with its policy, which may let other accounts and services in. */
  const shared = (action?: string): Access<OfQueue> => async ({ QueueUrl }, call) =>
    [{ ...(action !== undefined && { action }), resource: queueArn(queueOfUrl(call.region, QueueUrl)), ...policyOf(await queues.find(call, QueueUrl)) }];

  /** For the owner's account alone: policies of queues do not reach these, but for what they deny. */
  const own: Access<OfQueue> = async ({ QueueUrl }, call) => {
    const at = queueOfUrl(call.region, QueueUrl);
    return [{ resource: queueArn(at), ...(at.account === call.account && policyOf(await queues.find(call, QueueUrl))) }];
  };

  return {
    AddPermission: own,
    CancelMessageMoveTask: ({ TaskHandle }) => ({ resource: sourceOfHandle(TaskHandle) }),
    ChangeMessageVisibility: shared(),
    ChangeMessageVisibilityBatch: shared('sqs:ChangeMessageVisibility'),
    CreateQueue: ({ QueueName, tags = {} }, call) => {
      const resource = named(call, QueueName);
      return Object.keys(tags).length === 0 ? { resource } : [{ resource }, { action: 'sqs:TagQueue', resource }];
    },
    DeleteMessage: shared(),
    DeleteMessageBatch: shared('sqs:DeleteMessage'),
    DeleteQueue: own,
    GetQueueAttributes: shared(),
    GetQueueUrl: async ({ QueueName, QueueOwnerAWSAccountId: owner = '' }, call) => {
      const at = { account: owner === '' ? call.account : owner, region: call.region, name: QueueName };
      return [{ resource: queueArn(at), ...policyOf(await findQueue(reading(db), at)) }];
    },
    ListDeadLetterSourceQueues: shared(),
    ListMessageMoveTasks: ({ SourceArn }) => ({ resource: SourceArn }),
    ListQueueTags: own,
    ListQueues: (_input, call) => ({ resource: named(call, '*') }),
    PurgeQueue: shared(),
    ReceiveMessage: shared(),
    RemovePermission: own,
    SendMessage: shared(),
    SendMessageBatch: shared('sqs:SendMessage'),
    SetQueueAttributes: own,
    StartMessageMoveTask: ({ SourceArn, DestinationArn }) => [
      ...['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((action) => ({ action: `sqs:${action}`, resource: SourceArn })),
      ...(DestinationArn === undefined ? [] : [{ action: 'sqs:SendMessage', resource: DestinationArn }]),
    ],
    TagQueue: own,
    UntagQueue: own,
  };
}
