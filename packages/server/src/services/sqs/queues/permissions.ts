import type { SQSApi } from '@slipway/contracts';
import type { Transaction } from '../../../kernel/database.ts';
import type { Operations } from '../../../kernel/service.ts';
import { queueArn } from '../arns.ts';
import type { QueueName } from '../arns.ts';
import type { Given } from './attributes.ts';
import type { SqsContext } from '../deps.ts';
import { fail, invalidParameter, missingParameter } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { lockLiving, updateQueue } from './store.ts';

interface PolicyDocument {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: { readonly Sid?: string }[];
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html; batches have their single action's. */
const ACTIONS: ReadonlySet<string> = new Set(['*', 'ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ListDeadLetterSourceQueues', 'PurgeQueue', 'ReceiveMessage', 'SendMessage']);
const LABEL = /^[A-Za-z0-9_-]{1,80}$/;

/** AddPermission and RemovePermission write statements of the queue's policy, one per label. */
export function permissions({ db, clock, queues, policies }: SqsContext) {
  async function change(tx: Transaction, at: QueueName, edit: (policy: PolicyDocument, arn: string) => PolicyDocument): Promise<void> {
    const row = await lockLiving(tx, at);
    const { Policy, ...others } = JSON.parse(row.attributes) as Given;
    const arn = queueArn(row);
    const edited = edit(Policy === undefined ? { Version: '2008-10-17', Id: `${arn}/SQSDefaultPolicy`, Statement: [] } : readPolicy(Policy), arn);
    const text = JSON.stringify(edited);
    if (edited.Statement.length > 0) policies.check(text);
    const attributes = edited.Statement.length === 0 ? others : { ...others, Policy: text };
    await updateQueue(tx, row, { attributes: JSON.stringify(attributes), modified: clock.now() });
  }

  return {
    async AddPermission({ QueueUrl, Label, AWSAccountIds, Actions }, call) {
      const queue = await queues.get(call, QueueUrl);
      if (!LABEL.test(Label)) throw invalidParameter(Label, 'Label', 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
      if (AWSAccountIds.length === 0) throw missingParameter('AWSAccountIds');
      if (Actions.length === 0) throw missingParameter('Actions');
      const wrongAccount = AWSAccountIds.find((account) => !/^\d{12}$/.test(account));
      if (wrongAccount !== undefined) throw invalidParameter(wrongAccount, 'PrincipalId', 'Unable to verify.');
      const wrongAction = Actions.find((action) => !ACTIONS.has(action));
      if (wrongAction !== undefined) throw invalidParameter(`SQS:${wrongAction}`, 'ActionName', 'Please refer to the appropriate WSDL for a list of valid actions.');
      if (Actions.length > LIMITS.actionsPerPermission) throw fail('OverLimit', `${Actions.length} Actions were found, maximum allowed is ${LIMITS.actionsPerPermission}.`);
      await db.transaction((tx) => change(tx, queue, (policy, arn) => {
        if (policy.Statement.some(({ Sid }) => Sid === Label)) throw invalidParameter(Label, 'Label', 'Already exists.');
        if (policy.Statement.length >= LIMITS.statementsPerPolicy) throw fail('OverLimit', `A policy has at most ${LIMITS.statementsPerPolicy} statements.`);
        const accounts = AWSAccountIds.map((account) => `arn:aws:iam::${account}:root`);
        const statement = { Sid: Label, Effect: 'Allow', Principal: { AWS: single(accounts) }, Action: single(Actions.map((action) => `SQS:${action}`)), Resource: arn };
        return { ...policy, Statement: [...policy.Statement, statement] };
      }));
      return {};
    },

    async RemovePermission({ QueueUrl, Label }, call) {
      const queue = await queues.get(call, QueueUrl);
      await db.transaction((tx) => change(tx, queue, (policy) => {
        const left = policy.Statement.filter(({ Sid }) => Sid !== Label);
        if (left.length === policy.Statement.length) throw invalidParameter(Label, 'Label', "can't find label.");
        return { ...policy, Statement: left };
      }));
      return {};
    },
  } satisfies Partial<Operations<SQSApi>>;
}

const single = (all: readonly string[]): string | readonly string[] => (all.length === 1 ? all[0]! : all);

function readPolicy(text: string): PolicyDocument {
  const policy = JSON.parse(text) as Omit<PolicyDocument, 'Statement'> & { readonly Statement: PolicyDocument['Statement'] | PolicyDocument['Statement'][number] };
  return { ...policy, Statement: Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement] };
}
