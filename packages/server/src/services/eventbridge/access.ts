import type { EventBridgeApi } from '@slipway/contracts';
import type { Target } from '@slipway/contracts/eventbridge';
import { creating, passRole, settingTags } from '../../kernel/access.ts';
import type { Database } from '../../kernel/database.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { apiDestinationArn, archiveArn, busArn, busOf, connectionArn, replayArn, ruleArn, ruleOf } from './arns.ts';
import type { notYet } from './not-yet.ts';
import { findApiDestination, findBus, findConnection, findRule, reading } from './store/index.ts';
import type { BusRef, RuleRef } from './store/index.ts';

interface OnBus {
  readonly EventBusName?: string | undefined;
}

const onEverything = (): OperationRequest => ({ resource: '*' });
const onArchive = (input: { ArchiveName: string }, call: Call): OperationRequest => ({ resource: archiveArn(call, input.ArchiveName) });
const onReplay = (input: { ReplayName: string }, call: Call): OperationRequest => ({ resource: replayArn(call, input.ReplayName) });
const onResource = (input: { ResourceARN: string }): OperationRequest => ({ resource: input.ResourceARN });

/** Where a bus has a policy, it decides together with the caller's own: that is how other accounts come in. */
export function access(db: Database): AccessTable<EventBridgeApi, (typeof notYet)[number]> {
  const policyOf = async (bus: BusRef): Promise<string | undefined> => (await findBus(reading(db), bus))?.policy ?? undefined;

  const aboutBus = async (call: Call, name: string | undefined): Promise<OperationRequest[]> => {
    const bus = busOf(call, name);
    return [{ resource: busArn(bus), resourcePolicy: await policyOf(bus) }];
  };
  const aboutRule = async (ref: RuleRef, context: OperationRequest['context'] = {}): Promise<OperationRequest[]> => {
    const rule = await findRule(reading(db), ref);
    return [{ resource: ruleArn(ref), resourcePolicy: await policyOf(ref), context: { ...(rule !== undefined && { 'events:creatorAccount': rule.created_by }), ...context } }];
  };
  const onRule = (input: OnBus & { Name: string }, call: Call) => aboutRule(ruleOf(call, input.EventBusName, input.Name));
  const onRuleOf = (input: OnBus & { Rule: string }, call: Call) => aboutRule(ruleOf(call, input.EventBusName, input.Rule));
  const onRules = (input: OnBus, call: Call) => aboutRule(ruleOf(call, input.EventBusName, '*'));
  const onBus = (input: OnBus, call: Call) => aboutBus(call, input.EventBusName);
  const onNamedBus = (input: { Name?: string | undefined }, call: Call) => aboutBus(call, input.Name);
  const onConnection = async ({ Name: name }: { Name: string }, call: Call): Promise<OperationRequest[]> =>
    [{ resource: connectionArn(call, name, (await findConnection(reading(db), call, name))?.id ?? '*') }];
  const onDestination = async ({ Name: name }: { Name: string }, call: Call): Promise<OperationRequest[]> =>
    [{ resource: apiDestinationArn(call, name, (await findApiDestination(reading(db), call, name))?.id ?? '*') }];

  return {
    CreateEventBus: async (input, call) => (await onNamedBus(input, call)).flatMap((request) => creating(request, input.Tags, 'events:TagResource')),
    UpdateEventBus: onNamedBus,
    DeleteEventBus: onNamedBus,
    DescribeEventBus: onNamedBus,
    ListEventBuses: onEverything,
    PutPermission: onBus,
    RemovePermission: onBus,
    PutEvents: async (input, call) => {
      const asked: OperationRequest[] = [];
      for (const { EventBusName, Source, DetailType } of input.Entries) {
        const context = { 'events:source': Source, 'events:detail-type': DetailType };
        for (const request of await aboutBus(call, EventBusName)) asked.push({ ...request, context });
      }
      return asked;
    },
    PutRule: async (input, call) => (await aboutRule(ruleOf(call, input.EventBusName, input.Name), askedOf(input.EventPattern))).flatMap((request) => creating(request, input.Tags, 'events:TagResource')),
    DescribeRule: onRule,
    EnableRule: onRule,
    DisableRule: onRule,
    DeleteRule: onRule,
    ListRules: onRules,
    ListRuleNamesByTarget: onRules,
    PutTargets: async (input, call) => {
      const ref = ruleOf(call, input.EventBusName, input.Rule);
      return [
        ...(await aboutRule(ref, { 'events:TargetArn': input.Targets.map((target) => target.Arn) })),
        ...passedRoles(input.Targets).map((arn) => passRole(arn, 'events.amazonaws.com', { 'iam:AssociatedResourceArn': ruleArn(ref) })),
      ];
    },
    RemoveTargets: onRuleOf,
    ListTargetsByRule: onRuleOf,
    TestEventPattern: onEverything,
    TagResource: (input) => ({ ...onResource(input), context: settingTags(input.Tags) }),
    UntagResource: (input) => ({ ...onResource(input), context: { 'aws:TagKeys': input.TagKeys } }),
    ListTagsForResource: onResource,
    CreateArchive: onArchive,
    UpdateArchive: onArchive,
    DescribeArchive: onArchive,
    DeleteArchive: onArchive,
    ListArchives: (_input, call) => ({ resource: archiveArn(call, '*') }),
    StartReplay: (input, call) => [{ resource: replayArn(call, input.ReplayName) }, { resource: input.EventSourceArn }],
    DescribeReplay: onReplay,
    CancelReplay: onReplay,
    ListReplays: (_input, call) => ({ resource: replayArn(call, '*') }),
    CreateConnection: onConnection,
    UpdateConnection: onConnection,
    DescribeConnection: onConnection,
    DeauthorizeConnection: onConnection,
    DeleteConnection: onConnection,
    ListConnections: onEverything,
    CreateApiDestination: onDestination,
    UpdateApiDestination: onDestination,
    DescribeApiDestination: onDestination,
    DeleteApiDestination: onDestination,
    ListApiDestinations: onEverything,
  };
}

const texts = (value: unknown): string[] | undefined => (Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined);

/** The sources and detail types that a pattern asks for exactly; a pattern that cannot be read is refused later. */
function askedOf(pattern: string | undefined): OperationRequest['context'] {
  try {
    const read = JSON.parse(pattern ?? '{}') as Readonly<Record<string, unknown>> | null;
    return { 'events:source': texts(read?.['source']), 'events:detail-type': texts(read?.['detail-type']) };
  } catch {
    return {};
  }
}

function passedRoles(targets: readonly Target[]): string[] {
  return [...new Set(targets.map((target) => target.RoleArn).filter((arn) => arn !== undefined))];
}
