import type { BatchResultErrorEntry } from '@slipway/contracts/sqs';
import { ServiceError } from '../../../kernel/errors.ts';
import { fail } from '../fail.ts';
import { LIMITS } from '../limits.ts';

const ID = /^[A-Za-z0-9_-]+$/;

/** Throws what AWS answers to a batch that is refused as a whole. `kind`: `SendMessageBatchRequestEntry`. */
export function checkBatch(kind: string, entries: readonly { readonly Id: string }[]): void {
  if (entries.length === 0) throw fail('EmptyBatchRequest', `There should be at least one ${kind} in the request.`);
  if (entries.length > LIMITS.entriesPerBatch) throw fail('TooManyEntriesInBatchRequest', `Maximum number of entries per request are ${LIMITS.entriesPerBatch}. You have sent ${entries.length}.`);
  const seen = new Set<string>();
  for (const { Id } of entries) {
    if (Id.length > LIMITS.batchIdLength || !ID.test(Id)) {
      throw fail('InvalidBatchEntryId', `A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most ${LIMITS.batchIdLength} letters long.`);
    }
    if (seen.has(Id)) throw fail('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    seen.add(Id);
  }
}

/** Entries of a batch report errors under the query protocol's codes, whatever the protocol of the call. */
const CODES: Readonly<Record<string, string>> = {
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
};

/** An entry that failed; what is no refusal fails the whole call. */
export function failed(Id: string, error: unknown): BatchResultErrorEntry {
  if (!(error instanceof ServiceError)) throw error;
  return { Id, SenderFault: true, Code: CODES[error.name] ?? error.name, Message: error.message };
}
