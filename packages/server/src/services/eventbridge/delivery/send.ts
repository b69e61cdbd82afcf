import type { Target } from '@slipway/contracts/eventbridge';
import type { Authorizer } from '../../../kernel/access.ts';
import { serviceCaller } from '../../../kernel/caller.ts';
import type { Caller } from '../../../kernel/caller.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Identities, Peers } from '../../../kernel/peers.ts';
import type { Json } from '../../../patterns/pattern.ts';
import type { Acceptance } from '../accept.ts';
import { busArn, ruleArn } from '../arns.ts';
import type { AuthorizeDeps } from './authorize.ts';
import { findBusOrDefault } from '../buses.ts';
import { fail } from '../fail.ts';
import { invoke } from './invoke.ts';
import { reading } from '../store/index.ts';
import type { BusRef, DeliveryRow, RuleRef } from '../store/index.ts';
import { destinationOf } from '../rules/target-kinds.ts';
import { InvalidInput, targetInput } from './transform.ts';
import { Undelivered } from './undelivered.ts';

export interface SendDeps extends AuthorizeDeps {
  readonly peers: Peers;
  readonly identities: Identities;
  readonly authorizer: Authorizer;
  readonly acceptance: Acceptance;
}

const SERVICE = 'events.amazonaws.com';

export const ruleRef = ({ account, region, bus, rule }: DeliveryRow): RuleRef => ({ account, region, bus, rule });

/** EventBridge in its own name: what it may do, the policies of resources say. */
export const ownCaller = (row: DeliveryRow): Caller => serviceCaller(SERVICE, row.account, ruleArn(ruleRef(row)));

/** One attempt to bring an event to its target, as the target's role; a repetition has no second effect in our rooms. */
export async function send(deps: SendDeps, row: DeliveryRow, signal: AbortSignal): Promise<void> {
  const target = JSON.parse(row.target) as Target;
  const destination = destinationOf(target.Arn);
  if (destination === undefined) throw fail('ValidationException', `No such target: ${target.Arn}`);
  const caller = await callerFor(deps.identities, row, target);
  const services = deps.peers.as(caller);
  const options = { region: row.region, once: row.id, signal };
  switch (destination.kind) {
    case 'codepipeline':
      await services.codepipeline.StartPipelineExecution({ ...overrides(row, target, ['sourceRevisions', 'variables']), name: destination.pipeline }, options);
      return;
    case 'codebuild':
      await services.codebuild.StartBuild({ ...overrides(row, target), projectName: destination.project }, options);
      return;
    case 'sns':
      await services.sns.Publish({ TopicArn: destination.topicArn, Message: inputText(row, target) }, options);
      return;
    case 'sqs': {
      const group = target.SqsParameters?.MessageGroupId;
      await services.sqs.SendMessage({ QueueUrl: destination.queue, MessageBody: inputText(row, target), ...(group !== undefined && { MessageGroupId: group }) }, options);
      return;
    }
    case 'logs':
      await log(deps, row, target, { caller, group: destination.group, signal });
      return;
    case 'bus':
      await forward(deps, row, destination.bus, caller);
      return;
    case 'http':
      await deps.authorizer.authorize(caller, [{ action: 'events:InvokeApiDestination', resource: target.Arn }], { region: row.region, secure: true });
      await invoke(deps, { ...destination, parameters: target.HttpParameters, input: inputText(row, target), event: JSON.parse(row.event) as Json }, signal);
      return;
    default:
      return destination satisfies never;
  }
}

/** Whoever starts the target sees the rule's name as the session's name. */
function callerFor(identities: Identities, row: DeliveryRow, target: Target): Promise<Caller> | Caller {
  if (target.RoleArn === undefined) return ownCaller(row);
  return identities.assumeForService({ roleArn: target.RoleArn, service: SERVICE, sessionName: row.rule, sourceArn: ruleArn(ruleRef(row)) });
}

async function log({ peers }: SendDeps, row: DeliveryRow, target: Target, to: { caller: Caller; group: string; signal: AbortSignal }): Promise<void> {
  const logs = peers.as(to.caller)['cloudwatch-logs'];
  const where = { logGroupName: to.group, logStreamName: streamOf(row) };
  await logs.CreateLogStream(where, { region: row.region, signal: to.signal }).catch((error: unknown) => {
    if (!(error instanceof ServiceError) || error.name !== 'ResourceAlreadyExistsException') throw error;
  });
  await logs.PutLogEvents({ ...where, logEvents: [logEvent(row, target)] }, { region: row.region, once: row.id, signal: to.signal });
}

/** The other bus gets the event as it is, ids and all; the role must be allowed to put it there, and the bus's policy to take it. */
async function forward({ db, authorizer, acceptance }: SendDeps, row: DeliveryRow, bus: BusRef, caller: Caller): Promise<void> {
  const found = await findBusOrDefault(reading(db), bus);
  if (found === undefined) throw new Undelivered('NO_RESOURCE', `Event bus ${bus.bus} does not exist.`, { final: true });
  const event = JSON.parse(row.event) as Json;
  const context = { 'events:source': String(event['source']), 'events:detail-type': String(event['detail-type']), 'events:eventBusInvocation': 'true' };
  await authorizer.authorize(caller, [{ action: 'events:PutEvents', resource: busArn(bus), resourcePolicy: found.policy ?? undefined, context }], { region: bus.region, secure: true });
  await acceptance.accept([{ bus, event, key: `${row.account}/${row.region}/${row.id}`, forwarded: true }]);
}

/** Members for the target's call. The whole event is none: AWS only reads what a target's input was made for. */
function overrides(row: DeliveryRow, target: Target, known?: readonly string[]): Readonly<Record<string, unknown>> {
  if (target.Input === undefined && target.InputPath === undefined && target.InputTransformer === undefined) return {};
  const input = readInput(row, target);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw fail('ValidationException', `The input for ${target.Arn} is not a JSON object`);
  const unknown = known === undefined ? undefined : Object.keys(input).find((key) => !known.includes(key));
  if (unknown !== undefined) throw fail('ValidationException', `The input for ${target.Arn} has ${unknown}, which is not supported`);
  return input as Readonly<Record<string, unknown>>;
}

/** A log group gets the event, or what its transformer makes: `{ timestamp, message }`. */
function logEvent(row: DeliveryRow, target: Target): { timestamp: number; message: string } {
  const event = JSON.parse(row.event) as Json;
  const timestamp = Date.parse(String(event['time']));
  if (target.InputTransformer === undefined) return { timestamp, message: row.event };
  const made = readInput(row, target) as { timestamp?: unknown; message?: unknown } | null;
  if (typeof made !== 'object' || made === null || made.message === undefined) throw fail('ValidationException', `The input for ${target.Arn} needs timestamp and message`);
  const message = typeof made.message === 'string' ? made.message : JSON.stringify(made.message);
  return { timestamp: typeof made.timestamp === 'number' ? made.timestamp : timestamp, message };
}

function inputText(row: DeliveryRow, target: Target): string {
  try {
    return targetInput(target, JSON.parse(row.event) as Json, { ruleArn: ruleArn(ruleRef(row)), ruleName: row.rule, ingestionTime: row.created });
  } catch (error) {
    // The same event makes the same input: another attempt would cost as much and fail as well.
    if (error instanceof InvalidInput) throw new Undelivered('INVALID_PARAMETER', error.message, { final: true, cause: error });
    throw error;
  }
}

function readInput(row: DeliveryRow, target: Target): unknown {
  try {
    return JSON.parse(inputText(row, target)) as unknown;
  } catch (cause) {
    throw fail('ValidationException', `The input for ${target.Arn} is not JSON`, { cause });
  }
}

/** One stream per rule and day. */
function streamOf(row: DeliveryRow): string {
  return `${new Date(row.created).toISOString().slice(0, 10)}/${row.rule}`;
}
