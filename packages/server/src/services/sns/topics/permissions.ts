import type { SNSApi } from '@slipway/contracts';
import type { Operations } from '../../../kernel/service.ts';
import { topicArn, topicKey } from '../arns.ts';
import type { TopicKey } from '../arns.ts';
import type { SnsDeps } from '../deps.ts';
import { fail, invalid, noTopic } from '../fail.ts';
import { lockTopic, updateTopic } from '../store.ts';
import { attributesOf, checkPolicy, policyOf } from './attributes.ts';

interface Policy {
  readonly Statement: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
}

const ACTIONS = ['AddPermission', 'DeleteTopic', 'GetTopicAttributes', 'ListSubscriptionsByTopic', 'ListTagsForResource', 'Publish', 'RemovePermission', 'SetTopicAttributes', 'Subscribe'];

export function permissions({ db, policies }: Pick<SnsDeps, 'db' | 'policies'>) {
  async function change(key: TopicKey, edit: (statements: readonly Readonly<Record<string, unknown>>[]) => readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    await db.transaction(async (tx) => {
      const row = await lockTopic(tx, key);
      if (row === undefined) throw noTopic();
      const policy = JSON.parse(policyOf(row)) as Policy;
      const statements = Array.isArray(policy.Statement) ? (policy.Statement as readonly Readonly<Record<string, unknown>>[]) : [policy.Statement as Readonly<Record<string, unknown>>];
      const edited = edit(statements);
      // A policy needs a statement; without any the topic has its default one again.
      const { Policy: _, ...others } = attributesOf(row);
      const text = JSON.stringify({ ...policy, Statement: edited });
      if (edited.length > 0) checkPolicy(text, policies);
      await updateTopic(tx, key, { attributes: JSON.stringify(edited.length > 0 ? { ...others, Policy: text } : others) });
    });
  }

  return {
    async AddPermission({ TopicArn, Label, AWSAccountId, ActionName }, call) {
      const key = topicKey(TopicArn, call.region);
      if (!/^[A-Za-z0-9_-]{1,80}$/.test(Label)) throw invalid('Label');
      if (AWSAccountId.length === 0 || !AWSAccountId.every((account) => /^\d{12}$/.test(account))) throw invalid('AWSAccountId');
      const wrong = ActionName.find((action) => !ACTIONS.includes(action) && action !== '*');
      if (ActionName.length === 0 || wrong !== undefined) throw invalid('Policy statement action out of service scope!');
      const principals = AWSAccountId.map((account) => `arn:aws:iam::${account}:root`);
      await change(key, (statements) => {
        if (statements.some((statement) => statement['Sid'] === Label)) throw invalid('Statement already exists');
        const actions = ActionName.map((action) => `SNS:${action}`);
        return [...statements, { Sid: Label, Effect: 'Allow', Principal: { AWS: principals.length === 1 ? principals[0] : principals }, Action: actions.length === 1 ? actions[0] : actions, Resource: topicArn(key) }];
      });
      return {};
    },

    async RemovePermission({ TopicArn, Label }, call) {
      await change(topicKey(TopicArn, call.region), (statements) => {
        if (!statements.some((statement) => statement['Sid'] === Label)) throw fail('NotFoundException', 'Statement does not exist');
        return statements.filter((statement) => statement['Sid'] !== Label);
      });
      return {};
    },
  } satisfies Partial<Operations<SNSApi>>;
}
