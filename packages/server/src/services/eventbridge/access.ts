import type { EventBridgeApi } from '@slipway/contracts';
import type { Target } from '@slipway/contracts/eventbridge';
import { passRole } from '../../kernel/access.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { busArn, ruleArn } from './arns.ts';
import type { notYet } from './not-yet.ts';

const onRule = (input: { Name: string }, call: Call): OperationRequest => ({ resource: ruleArn(call, input.Name) });
const onRuleOf = (input: { Rule: string }, call: Call): OperationRequest => ({ resource: ruleArn(call, input.Rule) });
const onResource = (input: { ResourceARN: string }): OperationRequest => ({ resource: input.ResourceARN });
const onEverything = (): OperationRequest => ({ resource: '*' });
const onRules = (_input: unknown, call: Call): OperationRequest => ({ resource: ruleArn(call, '*') });
const onBus = (_input: unknown, call: Call): OperationRequest => ({ resource: busArn(call) });

export const access: AccessTable<EventBridgeApi, (typeof notYet)[number]> = {
  PutRule: onRule,
  DescribeRule: onRule,
  EnableRule: onRule,
  DisableRule: onRule,
  DeleteRule: onRule,
  ListRules: onRules,
  ListRuleNamesByTarget: onRules,
  PutTargets: (input, call) => [
    { resource: ruleArn(call, input.Rule), context: { 'events:TargetArn': input.Targets.map((target) => target.Arn) } },
    ...passedRoles(input.Targets).map((arn) => passRole(arn, 'events.amazonaws.com', { 'iam:AssociatedResourceArn': ruleArn(call, input.Rule) })),
  ],
  RemoveTargets: onRuleOf,
  ListTargetsByRule: onRuleOf,
  ListEventBuses: onEverything,
  DescribeEventBus: onBus,
  PutEvents: onBus,
  TestEventPattern: onEverything,
  TagResource: onResource,
  UntagResource: onResource,
  ListTagsForResource: onResource,
};

function passedRoles(targets: readonly Target[]): string[] {
  return [...new Set(targets.map((target) => target.RoleArn).filter((arn) => arn !== undefined))];
}
