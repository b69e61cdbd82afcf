import { queueOfArn } from '../arns.ts';
import { invalidParameter } from '../fail.ts';
import { LIMITS } from '../limits.ts';

/** Where messages go that were received too often. */
export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** Which queues may use this one for their dead letters. */
export interface AllowPolicy {
  readonly redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sourceQueueArns: readonly string[];
}

export function readRedrivePolicy(text: string): RedrivePolicy {
  const refuse = (reason: string) => invalidParameter(text, 'RedrivePolicy', reason);
  const policy = objectOf(text, refuse);
  for (const name of ['deadLetterTargetArn', 'maxReceiveCount']) {
    if (policy[name] === undefined) throw refuse(`Redrive policy does not contain mandatory attribute: ${name}.`);
  }
  const extra = Object.keys(policy).find((name) => name !== 'deadLetterTargetArn' && name !== 'maxReceiveCount');
  if (extra !== undefined) throw refuse(`Redrive policy contains an unknown attribute: ${extra}.`);
  const count = Number(policy['maxReceiveCount']);
  if (!Number.isInteger(count) || count < 1 || count > LIMITS.maxReceiveCount) {
    throw refuse(`Invalid value for maxReceiveCount: ${String(policy['maxReceiveCount'])}, valid values are from 1 to ${LIMITS.maxReceiveCount} both inclusive.`);
  }
  const target = policy['deadLetterTargetArn'];
  if (typeof target !== 'string' || queueOfArn(target) === undefined) throw refuse('Invalid value for deadLetterTargetArn.');
  return { deadLetterTargetArn: target, maxReceiveCount: count };
}

export function readAllowPolicy(text: string): AllowPolicy {
  const refuse = (reason: string) => invalidParameter(text, 'RedriveAllowPolicy', reason);
  const { redrivePermission, sourceQueueArns = [], ...extra } = objectOf(text, refuse);
  const unknown = Object.keys(extra)[0];
  if (unknown !== undefined) throw refuse(`Redrive allow policy contains an unknown attribute: ${unknown}.`);
  if (redrivePermission !== 'allowAll' && redrivePermission !== 'denyAll' && redrivePermission !== 'byQueue') {
    throw refuse('Amazon SQS can\'t create the redrive allow policy. Reason: redrivePermission must be allowAll, denyAll or byQueue.');
  }
  if (!Array.isArray(sourceQueueArns) || !sourceQueueArns.every((arn): arn is string => typeof arn === 'string' && queueOfArn(arn) !== undefined)) {
    throw refuse('sourceQueueArns must be a list of ARNs of queues.');
  }
  if ((redrivePermission === 'byQueue') !== sourceQueueArns.length > 0) throw refuse('sourceQueueArns must be given with byQueue, and only then.');
  if (sourceQueueArns.length > LIMITS.sourcesPerAllowPolicy) throw refuse(`sourceQueueArns must not have more than ${LIMITS.sourcesPerAllowPolicy} entries.`);
  return { redrivePermission, sourceQueueArns };
}

function objectOf(text: string, refuse: (reason: string) => Error): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal: the parser's words say nothing that AWS's would.
  }
  throw refuse('Redrive policy is not a valid JSON map.');
}
