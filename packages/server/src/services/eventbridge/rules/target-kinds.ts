import type { Target } from '@slipway/contracts/eventbridge';
import { parseArn } from '../../../kernel/arn.ts';
import type { Arn } from '../../../kernel/arn.ts';
import type { Place } from '../../../kernel/place.ts';
import { isAskedFor } from '../../../kernel/refusals.ts';
import type { BusRef } from '../store/index.ts';
import { checkInput, InvalidInput } from '../delivery/transform.ts';

/** What an event can be sent to. */
export type Destination =
  | { readonly kind: 'codepipeline'; readonly pipeline: string }
  | { readonly kind: 'codebuild'; readonly project: string }
  | { readonly kind: 'logs'; readonly group: string }
  | { readonly kind: 'sns'; readonly topicArn: string }
  | { readonly kind: 'sqs'; readonly queue: string }
  | { readonly kind: 'bus'; readonly bus: BusRef }
  | { readonly kind: 'http'; readonly place: Place; readonly name: string; readonly id: string };

/**
 * AWS lets EventBridge write to log groups by their resource policy; its console writes one for this prefix.
 * Other groups need a role.
 */
const LOG_GROUP_PREFIX = '/aws/events/';

const HONOURED = new Set(['Id', 'Arn', 'RoleArn', 'Input', 'InputPath', 'InputTransformer', 'RetryPolicy', 'DeadLetterConfig', 'SqsParameters', 'HttpParameters']);

/** These act in the user's name only through a role; the others may be granted to EventBridge by a policy of their own. */
const NEED_ROLE: ReadonlySet<Destination['kind']> = new Set(['codepipeline', 'codebuild', 'bus', 'http']);

/** Undefined for a target that Slipway does not know. */
export function destinationOf(arn: string): Destination | undefined {
  const parsed = parseArn(arn);
  if (parsed === undefined) return undefined;
  const { service, resource } = parsed;
  if (service === 'codepipeline' && !/[/:]/.test(resource)) return { kind: 'codepipeline', pipeline: resource };
  if (service === 'codebuild' && resource.startsWith('project/')) return { kind: 'codebuild', project: resource.slice('project/'.length) };
  if (service === 'logs' && resource.startsWith('log-group:')) return { kind: 'logs', group: resource.slice('log-group:'.length).replace(/:\*$/, '') };
  if (service === 'sns' && !/[/:]/.test(resource)) return { kind: 'sns', topicArn: arn };
  if (service === 'sqs' && !/[/:]/.test(resource)) return { kind: 'sqs', queue: queueUrl(parsed) };
  return service === 'events' ? eventsDestination(parsed) : undefined;
}

function eventsDestination({ account, region, resource }: Arn): Destination | undefined {
  const [kind, name = '', id = ''] = resource.split('/');
  if (kind === 'event-bus' && name !== '') return { kind: 'bus', bus: { account, region, bus: resource.slice('event-bus/'.length) } };
  if (kind === 'api-destination' && id !== '') return { kind: 'http', place: { account, region }, name, id };
  return undefined;
}

export const isBusArn = (arn: string): boolean => destinationOf(arn)?.kind === 'bus';

/** AWS's host names in URLs mean the local resources. */
export const queueUrl = ({ region, account, resource }: Pick<Arn, 'region' | 'account' | 'resource'>): string => `https://sqs.${region}.amazonaws.com/${account}/${resource}`;

export const needsRole = (arn: string): boolean => NEED_ROLE.has(destinationOf(arn)?.kind as Destination['kind']);

/** Why a target cannot be put, in words for PutTargets' FailedEntries; undefined when it can. */
export function targetFault(place: Place, target: Target): string | undefined {
  const parsed = parseArn(target.Arn);
  if (parsed === undefined) return 'Provided Arn is not in correct format.';
  const destination = destinationOf(target.Arn);
  if (destination === undefined) return `Targets of the service ${parsed.service} are not supported by Slipway yet: ${target.Arn}`;
  const extra = Object.entries(target).find(([member, value]) => !HONOURED.has(member) && isAskedFor(value));
  if (extra !== undefined) return `${extra[0]} is not supported by Slipway yet.`;
  return placeFault(place, parsed, destination) ?? kindFault(target, destination) ?? letterFault(place, target) ?? inputFault(target);
}

/** Buses may be anywhere, topics and queues in other accounts; the rest is where the rule is, as in AWS. */
function placeFault(place: Place, { region, account }: Arn, { kind }: Destination): string | undefined {
  if (kind === 'bus') return undefined;
  if (region !== place.region) return `Provided Arn is in region ${region}: a target other than an event bus must be in the region of its rule.`;
  if (kind !== 'sns' && kind !== 'sqs' && account !== place.account) return `Provided Arn is in account ${account}: only event buses, topics and queues can be targets in other accounts.`;
  return undefined;
}

function kindFault(target: Target, destination: Destination): string | undefined {
  const { kind } = destination;
  const group = target.SqsParameters?.MessageGroupId;
  if (group !== undefined && kind !== 'sqs') return 'SqsParameters is for queues only.';
  if (isAskedFor(target.HttpParameters) && kind !== 'http') return 'HttpParameters is for API destinations only.';
  if (kind === 'sqs') {
    const fifo = target.Arn.endsWith('.fifo');
    if (fifo && group === undefined) return `Parameter(s) SqsParameters must be specified for target: ${target.Id}.`;
    if (!fifo && group !== undefined) return 'SqsParameters.MessageGroupId for a standard queue is not supported by Slipway yet.';
  }
  if (kind === 'sns' && target.Arn.endsWith('.fifo')) return 'A FIFO topic cannot be the target of a rule.';
  if (kind === 'logs' && target.RoleArn === undefined && !destination.group.startsWith(LOG_GROUP_PREFIX)) return `A log group without RoleArn must begin with ${LOG_GROUP_PREFIX}.`;
  if (kind === 'logs' && (target.Input !== undefined || target.InputPath !== undefined)) return 'Input and InputPath are not supported for log groups; use InputTransformer.';
  if (kind === 'bus' && (target.Input !== undefined || target.InputPath !== undefined || target.InputTransformer !== undefined)) return 'Input, InputPath and InputTransformer are not supported for event buses: they get the event as it is.';
  return undefined;
}

/** AWS's dead-letter queues of rules are standard queues in the rule's region. */
function letterFault(place: Place, { DeadLetterConfig: config }: Target): string | undefined {
  if (config?.Arn === undefined || config.Arn === '') return undefined;
  const queue = parseArn(config.Arn);
  if (queue === undefined || queue.service !== 'sqs') return 'Parameter DeadLetterConfig.Arn is not valid. Reason: it must be the ARN of an SQS queue.';
  if (queue.resource.endsWith('.fifo')) return 'Parameter DeadLetterConfig.Arn is not valid. Reason: a FIFO queue cannot be the dead-letter queue of a rule.';
  if (queue.region !== place.region) return 'Parameter DeadLetterConfig.Arn is not valid. Reason: the queue must be in the region of the rule.';
  return undefined;
}

function inputFault(target: Target): string | undefined {
  try {
    checkInput(target);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
}
