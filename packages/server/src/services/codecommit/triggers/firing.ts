import type { JobKey, Jobs } from '../../../engine/jobs.ts';
import { serviceCaller } from '../../../kernel/caller.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError, mayPass } from '../../../kernel/errors.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Peers } from '../../../kernel/peers.ts';
import { repositoryArn } from '../arns.ts';
import type { RefFollower } from '../refs/ref-changes.ts';
import { concerning, triggerMessages } from './message.ts';
import { deleteTriggerMessage, findTriggerMessage, findTriggers, insertTriggerMessage } from './store.ts';
import type { TriggerMessageRow } from './store.ts';

const JOB = 'codecommit/trigger-message';

export interface FiringDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly peers: Peers;
  readonly log: Log;
}

/**
 * Fires triggers: what each has to say is a row of the transaction that settles the movement, and a job says it. A
 * message reaches its topic at least once; the topic's room drops repetitions by the row's id.
 */
export function triggerFollower({ db, clock, jobs, peers, log }: FiringDeps): RefFollower {
  jobs.handle(JOB, async (run) => {
    const row = await findTriggerMessage(db, run.key, run.key.id);
    if (!row) return;
    try {
      await publish(peers, row, row.message_id);
    } catch (error) {
      // A topic that is gone or does not let CodeCommit in will not get better by asking again.
      if (!(error instanceof ServiceError) || mayPass(error)) throw error;
      log.warn('trigger refused', { repository: row.repository_arn, destination: row.destination_arn, error: error.name, reason: error.message });
    }
    await db.transaction(async (tx) => {
      await run.fence(tx);
      await deleteTriggerMessage(tx, row);
    });
  });

  return {
    follow: async (change, moved) => async (tx, repository) => {
      const configured = await findTriggers(tx.query, repository);
      for (const trigger of configured?.triggers ?? []) {
        const facts = { repository, configurationId: configured!.configurationId, trigger, userArn: change.caller_arn, at: clock.now(), eventName: 'ReferenceChanges', eventId: uuid() } as const;
        for (const { subject, body } of triggerMessages(facts, concerning(trigger, moved))) {
          const row: TriggerMessageRow = {
            account: repository.account, region: repository.region, message_id: uuid(), repository_id: repository.repository_id,
            repository_arn: repositoryArn(repository, repository.name), destination_arn: trigger.destinationArn, subject, message: body,
          };
          await insertTriggerMessage(tx, row);
          await jobs.wake(tx, jobKey(row));
        }
      }
    },
  };
}

/** CodeCommit speaks in its own name, on behalf of the repository: the topic's policy decides. */
export async function publish(peers: Peers, { account, region, repository_arn: repository, destination_arn: topic, subject, message }: Omit<TriggerMessageRow, 'message_id' | 'repository_id'>, once?: string): Promise<void> {
  await peers.as(serviceCaller('codecommit.amazonaws.com', account, repository)).sns
    .Publish({ TopicArn: topic, Subject: subject, Message: message }, { region, ...once === undefined ? {} : { once } });
}

const jobKey = ({ account, region, message_id: id }: TriggerMessageRow): JobKey => ({ kind: JOB, account, region, id });
