import type { Target } from '@slipway/contracts/eventbridge';
import { serviceCaller } from '../../kernel/caller.ts';
import type { Caller } from '../../kernel/caller.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import { ruleArn } from './arns.ts';
import { fail } from './fail.ts';
import type { Json } from '../../patterns/pattern.ts';
import type { DeliveryRow } from './store.ts';
import { destinationOf } from './target-kinds.ts';
import { targetInput } from './transform.ts';

export interface SendDeps {
  readonly peers: Peers;
  readonly identities: Identities;
}

const SERVICE = 'events.amazonaws.com';

/** One attempt to bring an event to its target, as the target's role; a repetition has no second effect. */
export async function send({ peers, identities }: SendDeps, row: DeliveryRow, signal: AbortSignal): Promise<void> {
  const target = JSON.parse(row.target) as Target;
  const destination = destinationOf(target.Arn);
  if (destination === undefined) throw fail('ValidationException', `No such target: ${target.Arn}`);
  const caller = await callerFor(identities, row, target);
  const services = peers.as(caller);
  const options = { region: row.region, once: row.id, signal };
  switch (destination.kind) {
    case 'codepipeline':
      await services.codepipeline.StartPipelineExecution({ ...overrides(row, target, ['sourceRevisions', 'variables']), name: destination.pipeline }, options);
      return;
    case 'codebuild':
      await services.codebuild.StartBuild({ ...overrides(row, target), projectName: destination.project }, options);
      return;
    case 'logs': {
      const logs = services['cloudwatch-logs'];
      const where = { logGroupName: destination.group, logStreamName: streamOf(row) };
      await logs.CreateLogStream(where, { region: row.region, signal }).catch((error: unknown) => {
        if (!(error instanceof ServiceError) || error.name !== 'ResourceAlreadyExistsException') throw error;
      });
      await logs.PutLogEvents({ ...where, logEvents: [logEvent(row, target)] }, options);
    }
  }
}

/** Whoever starts the target sees the rule's name as the session's name. */
function callerFor(identities: Identities, row: DeliveryRow, target: Target): Promise<Caller> | Caller {
  if (target.RoleArn === undefined) return serviceCaller(SERVICE, row.account, ruleArn(row, row.rule));
  return identities.assumeForService({ roleArn: target.RoleArn, service: SERVICE, sessionName: row.rule, sourceArn: ruleArn(row, row.rule) });
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

function readInput(row: DeliveryRow, target: Target): unknown {
  const event = JSON.parse(row.event) as Json;
  const text = targetInput(target, event, { ruleArn: ruleArn(row, row.rule), ruleName: row.rule, ingestionTime: row.created });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw fail('ValidationException', `The input for ${target.Arn} is not JSON`, { cause });
  }
}

/** One stream per rule and day. */
function streamOf(row: DeliveryRow): string {
  return `${new Date(row.created).toISOString().slice(0, 10)}/${row.rule}`;
}
