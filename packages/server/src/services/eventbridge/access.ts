import type { Target } from '@slipway/contracts/eventbridge';
import type { AccessRequest, Call } from '../../kernel/service.ts';
import { busArn, ruleArn } from './arns.ts';

const onRule = (action: string) => (input: { Name: string }, call: Call): AccessRequest => ({ action: `events:${action}`, resource: ruleArn(call, input.Name) });
const onRuleOf = (action: string) => (input: { Rule: string }, call: Call): AccessRequest => ({ action: `events:${action}`, resource: ruleArn(call, input.Rule) });
const onResource = (action: string) => (input: { ResourceARN: string }): AccessRequest => ({ action: `events:${action}`, resource: input.ResourceARN });
const onEverything = (action: string) => (): AccessRequest => ({ action: `events:${action}`, resource: '*' });
const onRules = (action: string) => (_input: unknown, call: Call): AccessRequest => ({ action: `events:${action}`, resource: ruleArn(call, '*') });

export const access = {
  PutRule: onRule('PutRule'),
  DescribeRule: onRule('DescribeRule'),
  EnableRule: onRule('EnableRule'),
  DisableRule: onRule('DisableRule'),
  DeleteRule: onRule('DeleteRule'),
  ListRules: onRules('ListRules'),
  ListRuleNamesByTarget: onRules('ListRuleNamesByTarget'),
  PutTargets: (input: { Rule: string; Targets: Target[] }, call: Call): AccessRequest[] => [
    { action: 'events:PutTargets', resource: ruleArn(call, input.Rule), context: { 'events:TargetArn': input.Targets.map((target) => target.Arn) } },
    ...passedRoles(input.Targets).map((resource) => ({ action: 'iam:PassRole', resource, context: { 'iam:PassedToService': 'events.amazonaws.com', 'iam:AssociatedResourceArn': ruleArn(call, input.Rule) } })),
  ],
  RemoveTargets: onRuleOf('RemoveTargets'),
  ListTargetsByRule: onRuleOf('ListTargetsByRule'),
  ListEventBuses: onEverything('ListEventBuses'),
  DescribeEventBus: (_input: unknown, call: Call): AccessRequest => ({ action: 'events:DescribeEventBus', resource: busArn(call) }),
  PutEvents: (_input: unknown, call: Call): AccessRequest => ({ action: 'events:PutEvents', resource: busArn(call) }),
  TestEventPattern: onEverything('TestEventPattern'),
  TagResource: onResource('TagResource'),
  UntagResource: onResource('UntagResource'),
  ListTagsForResource: onResource('ListTagsForResource'),
};

function passedRoles(targets: readonly Target[]): string[] {
  return [...new Set(targets.map((target) => target.RoleArn).filter((arn) => arn !== undefined))];
}
