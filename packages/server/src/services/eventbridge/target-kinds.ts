import type { Target } from '@slipway/contracts/eventbridge';
import { parseArn } from '../../kernel/arn.ts';
import { LIMITS } from './limits.ts';
import type { Place } from '../../kernel/place.ts';
import { isAskedFor } from '../../kernel/refusals.ts';
import { checkInput, InvalidInput } from './transform.ts';

/** What an event can be sent to. */
export type Destination =
  | { readonly kind: 'codepipeline'; readonly pipeline: string }
  | { readonly kind: 'codebuild'; readonly project: string }
  | { readonly kind: 'logs'; readonly group: string };

/**
 * AWS lets EventBridge write to log groups by their resource policy; its console writes one for this prefix.
 * Other groups need a role.
 */
export const LOG_GROUP_PREFIX = '/aws/events/';

const HONOURED = new Set(['Id', 'Arn', 'RoleArn', 'Input', 'InputPath', 'InputTransformer', 'RetryPolicy']);

/** Undefined for a target that Slipway does not know. */
export function destinationOf(arn: string): Destination | undefined {
  const parsed = parseArn(arn);
  if (parsed === undefined) return undefined;
  const { service, resource } = parsed;
  if (service === 'codepipeline' && !/[/:]/.test(resource)) return { kind: 'codepipeline', pipeline: resource };
  if (service === 'codebuild' && resource.startsWith('project/')) return { kind: 'codebuild', project: resource.slice('project/'.length) };
  if (service === 'logs' && resource.startsWith('log-group:')) return { kind: 'logs', group: resource.slice('log-group:'.length).replace(/:\*$/, '') };
  return undefined;
}

/** Why a target cannot be put, in words for PutTargets' FailedEntries; undefined when it can. */
export function targetFault(place: Place, target: Target): string | undefined {
  const parsed = parseArn(target.Arn);
  if (parsed === undefined) return 'Provided Arn is not in correct format.';
  const destination = destinationOf(target.Arn);
  if (destination === undefined) return `Targets of the service ${parsed.service} are not supported by Slipway yet: ${target.Arn}`;
  if (parsed.region !== place.region) return `Provided Arn is in region ${parsed.region}: targets in other regions are not supported by Slipway yet.`;
  if (parsed.account !== place.account) return `Provided Arn is in account ${parsed.account}: targets in other accounts are not supported by Slipway yet.`;
  const extra = Object.entries(target).find(([member, value]) => !HONOURED.has(member) && isAskedFor(value));
  if (extra !== undefined) return `${extra[0]} is not supported by Slipway yet.`;
  if (destination.kind === 'logs' && target.RoleArn === undefined && !destination.group.startsWith(LOG_GROUP_PREFIX)) {
    return `A log group without RoleArn must begin with ${LOG_GROUP_PREFIX}.`;
  }
  if (destination.kind === 'logs' && (target.Input !== undefined || target.InputPath !== undefined)) return 'Input and InputPath are not supported for log groups; use InputTransformer.';
  return retryFault(target) ?? inputFault(target);
}

function retryFault({ RetryPolicy: policy }: Target): string | undefined {
  const { attempts, ageSeconds, leastAgeSeconds } = LIMITS.retries;
  const retries = policy?.MaximumRetryAttempts;
  const age = policy?.MaximumEventAgeInSeconds;
  if (retries !== undefined && (retries < 0 || retries > attempts)) return `MaximumRetryAttempts must be between 0 and ${attempts}.`;
  if (age !== undefined && (age < leastAgeSeconds || age > ageSeconds)) return `MaximumEventAgeInSeconds must be between ${leastAgeSeconds} and ${ageSeconds}.`;
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
