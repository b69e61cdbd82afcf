import type { SNSApi } from '@slipway/contracts';
import type { BatchResultErrorEntry, PublishBatchInput, PublishBatchResultEntry } from '@slipway/contracts/sns';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import { replay } from '../../../kernel/replay.ts';
import type { Operations } from '../../../kernel/service.ts';
import type { Acceptance } from './accept.ts';
import { topicKey } from '../arns.ts';
import { fail, invalid, notSupported } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { readMessage, sizeOf } from './message.ts';
import { attributesOf, isFifo } from '../topics/attributes.ts';

export function publishing({ db, clock, acceptance }: { db: Database; clock: Clock; acceptance: Acceptance }) {
  return {
    async Publish(input, call) {
      refuseMembers(input, ['PhoneNumber'], notSupported);
      const arn = input.TopicArn ?? input.TargetArn;
      if (arn === undefined || (input.TopicArn !== undefined && input.TargetArn !== undefined)) throw invalid('TopicArn or TargetArn Reason: exactly one of them is needed');
      if (/:endpoint\//.test(arn)) throw notSupported('TargetArn Reason: publishing to a mobile endpoint');
      const key = topicKey(arn, call.region, input.TopicArn === undefined ? 'TargetArn' : 'TopicArn');
      return db.transaction((tx) => replay(tx, call, 'sns:Publish', input.Message, async () => {
        const topic = await acceptance.topic(tx, key);
        return acceptance.accept(tx, topic, readMessage(input, isFifo(attributesOf(topic))));
      }, { now: clock.now() }));
    },

    async PublishBatch(input, call) {
      const key = topicKey(input.TopicArn, call.region);
      checkBatch(input);
      return db.transaction((tx) => replay(tx, call, 'sns:PublishBatch', key.topic, async () => {
        const topic = await acceptance.topic(tx, key);
        const fifo = isFifo(attributesOf(topic));
        const Successful: PublishBatchResultEntry[] = [];
        const Failed: BatchResultErrorEntry[] = [];
        for (const { Id, ...entry } of input.PublishBatchRequestEntries) {
          try {
            // What is refused is refused before anything of the entry is written.
            Successful.push({ Id, ...(await acceptance.accept(tx, topic, readMessage(entry, fifo))) });
          } catch (error) {
            if (!(error instanceof ServiceError)) throw error;
            Failed.push({ Id, Code: CODES[error.name] ?? error.name, Message: error.message, SenderFault: true });
          }
        }
        return { Successful, Failed };
      }, { now: clock.now() }));
    },
  } satisfies Partial<Operations<SNSApi>>;
}

/** Errors within an answer go by their names on the wire. */
const CODES: Readonly<Record<string, string>> = { InvalidParameterException: 'InvalidParameter', InvalidParameterValueException: 'ParameterValueInvalid' };

function checkBatch({ PublishBatchRequestEntries: entries }: PublishBatchInput): void {
  if (entries.length === 0) throw fail('EmptyBatchRequestException', "The batch request doesn't contain any entries.");
  if (entries.length > LIMITS.batchEntries) throw fail('TooManyEntriesInBatchRequestException', 'The batch request contains more entries than permissible.');
  if (!entries.every(({ Id }) => /^[A-Za-z0-9_-]{1,80}$/.test(Id))) throw fail('InvalidBatchEntryIdException', "The Id of a batch entry in a batch request doesn't abide by the specification.");
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) throw fail('BatchEntryIdsNotDistinctException', 'Two or more batch entries in the request have the same Id.');
  if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > LIMITS.messageSize) throw fail('BatchRequestTooLongException', 'The length of all the batch messages put together is more than the limit.');
}
