import type { CodeCommitApi } from '@slipway/contracts';
import type { RepositoryTrigger } from '@slipway/contracts/codecommit';
import type { Git } from '../../../git/index.ts';
import { NO_OBJECT } from '../../../git/index.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { repositoryArn } from '../arns.ts';
import { existing } from '../lookup.ts';
import { fail } from '../fail.ts';
import { lockRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { checkTriggers } from './checks.ts';
import { publish } from './firing.ts';
import type { FiringDeps } from './firing.ts';
import { triggerMessages } from './message.ts';
import type { RefMoved } from './message.ts';
import { findTriggers, putTriggers } from './store.ts';

export function repositoryTriggers({ db, clock, peers, git }: FiringDeps & { readonly git: Git }) {
  /** What a test tells: the tip of a branch that the trigger is for, or zeros where there is none yet. */
  async function sample(repository: RepositoryRow, { branches = [] }: RepositoryTrigger): Promise<RefMoved> {
    const ref = `refs/heads/${branches[0] ?? repository.default_branch ?? 'main'}`;
    return { ref, commit: await git.repository(repository.repository_id).read.reference(ref) ?? NO_OBJECT };
  }

  async function failureOf(call: Call, repository: RepositoryRow, trigger: RepositoryTrigger): Promise<string | undefined> {
    const references = [await sample(repository, trigger)];
    const facts = { repository, configurationId: uuid(), trigger, userArn: call.caller.arn, at: clock.now(), eventName: 'TriggerEventTest', eventId: uuid() } as const;
    try {
      for (const { subject, body } of triggerMessages(facts, references)) {
        await publish(peers, {
          account: repository.account, region: repository.region, repository_arn: repositoryArn(repository, repository.name), destination_arn: trigger.destinationArn, subject, message: body,
        });
      }
      return undefined;
    } catch (error) {
      if (error instanceof ServiceError) return error.message;
      throw error;
    }
  }

  return {
    async GetRepositoryTriggers(input, call) {
      const found = await findTriggers(db.read, await existing(db, call, input.repositoryName));
      return found ? { configurationId: found.configurationId, triggers: [...found.triggers] } : { triggers: [] };
    },

    /** Replaces all of them. */
    async PutRepositoryTriggers(input, call) {
      const row = await existing(db, call, input.repositoryName);
      checkTriggers(input.triggers, call);
      const configurationId = uuid();
      await db.transaction(async (tx) => {
        if (!await lockRepository(tx, row, row.repository_id)) throw fail('RepositoryDoesNotExistException', `${row.name} does not exist`);
        await putTriggers(tx, row, { configurationId, triggers: input.triggers });
      });
      return { configurationId };
    },

    /** Really sends one message to each destination. */
    async TestRepositoryTriggers(input, call) {
      const repository = await existing(db, call, input.repositoryName);
      if (input.triggers.length === 0) throw fail('RepositoryTriggersListRequiredException', 'The list of triggers for the repository is required.');
      checkTriggers(input.triggers, call);
      const successful: string[] = [];
      const failed: { trigger: string; failureMessage: string }[] = [];
      for (const trigger of input.triggers) {
        const failure = await failureOf(call, repository, trigger);
        if (failure === undefined) successful.push(trigger.name);
        else failed.push({ trigger: trigger.name, failureMessage: failure });
      }
      return { successfulExecutions: successful, failedExecutions: failed };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}
