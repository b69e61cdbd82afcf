import type { Target } from '@slipway/contracts/eventbridge';
import { parseArn } from '../../../kernel/arn.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { ruleArn } from '../arns.ts';
import { ownCaller, ruleRef } from './send.ts';
import type { SendDeps } from './send.ts';
import type { DeliveryRow } from '../store/index.ts';
import { queueUrl } from '../rules/target-kinds.ts';
import { Undelivered } from './undelivered.ts';

/** Which of the retry policy's bounds ended a delivery. */
export type Exhausted = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';

/**
 * A dead letter's attributes, as AWS documents them. `attempts`: how often the target was tried again. A target that refuses
 * for good exhausts nothing.
 */
export function letterOf(row: DeliveryRow, error: unknown, attempts: number, exhausted: Exhausted | undefined): Record<string, string> {
  const { Arn } = JSON.parse(row.target) as Target;
  return {
    RULE_ARN: ruleArn(ruleRef(row)), TARGET_ARN: Arn, ERROR_CODE: codeOf(error), ERROR_MESSAGE: messageOf(error),
    ...(exhausted !== undefined && { EXHAUSTED_RETRY_CONDITION: exhausted }), RETRY_ATTEMPTS: String(attempts),
  };
}

export const hasLetterBox = (row: DeliveryRow): boolean => Boolean((JSON.parse(row.target) as Target).DeadLetterConfig?.Arn);

/** Sends the event to the target's dead-letter queue, whose policy must let EventBridge do so for the rule. */
export async function sendLetter({ peers }: Pick<SendDeps, 'peers'>, row: DeliveryRow, signal: AbortSignal): Promise<void> {
  const { DeadLetterConfig: config } = JSON.parse(row.target) as Target;
  const queue = parseArn(config?.Arn ?? '');
  if (queue === undefined) throw new Error(`The delivery ${row.id} has no dead-letter queue`);
  const attributes = JSON.parse(row.letter ?? '{}') as Record<string, string>;
  await peers.as(ownCaller(row)).sqs.SendMessage({
    QueueUrl: queueUrl(queue), MessageBody: row.event,
    MessageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }])),
  }, { region: queue.region, once: `${row.id}/letter`, signal });
}

function codeOf(error: unknown): string {
  if (error instanceof Undelivered) return error.code;
  if (!(error instanceof ServiceError)) return 'INTERNAL_ERROR';
  if (/AccessDenied|NotAuthorized/.test(error.name)) return 'NO_PERMISSIONS';
  if (/NotFound|NonExistent|DoesNotExist|NoSuch/.test(error.name)) return 'NO_RESOURCE';
  if (/Throttling|LimitExceeded/.test(error.name)) return 'THROTTLING';
  return 'SDK_CLIENT_ERROR';
}

/** An error that nobody is meant to see stays in the log. */
const messageOf = (error: unknown): string => (error instanceof ServiceError || error instanceof Undelivered ? error.message || error.name : 'An internal error occurred.');
