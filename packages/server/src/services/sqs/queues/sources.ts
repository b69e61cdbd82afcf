import type { Kysely } from 'kysely';
import { queueArn, queueOfArn } from '../arns.ts';
import type { QueueName } from '../arns.ts';
import { attributesOf } from './attributes.ts';
import { invalidParameter } from '../fail.ts';
import { findQueue } from './store.ts';
import type { QueueRow, Tables } from './store.ts';
import { readRedrivePolicy } from './redrive-policy.ts';

/** Throws when the queue may not send its dead letters where its policy says. */
export async function checkTarget(query: Kysely<Tables>, source: QueueName & { readonly fifo: boolean }, policyText: string): Promise<void> {
  const refuse = (reason: string) => invalidParameter(policyText, 'RedrivePolicy', reason);
  const { deadLetterTargetArn } = readRedrivePolicy(policyText);
  const target = queueOfArn(deadLetterTargetArn);
  if (target?.account !== source.account || target.region !== source.region) throw refuse('Dead-letter target owner should be same as the source.');
  if (target.name === source.name) throw refuse('A queue cannot be its own dead-letter target.');
  const row = await findQueue(query, target);
  if (row === undefined) throw refuse('Dead letter target does not exist.');
  if ((row.fifo === 1) !== source.fifo) throw refuse('Dead-letter queue must be same type of queue as the source.');
  if (!allows(row, queueArn(source))) throw refuse(`Queue ${queueArn(source)} does not have permission to use queue ${deadLetterTargetArn} as its dead-letter queue.`);
}

/** Whether the queue takes dead letters of that source. */
export function allows(target: QueueRow, sourceArn: string): boolean {
  const policy = attributesOf(target).RedriveAllowPolicy;
  if (policy === undefined || policy.redrivePermission === 'allowAll') return true;
  return policy.redrivePermission === 'byQueue' && policy.sourceQueueArns.includes(sourceArn);
}
