import type { RepositoryTrigger } from '@slipway/contracts/codecommit';
import { isBranchName } from '../../../git/index.ts';
import { parseArn } from '../../../kernel/arn.ts';
import type { Place } from '../../../kernel/place.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';

/** @throws what AWS documents for the first thing that is wrong */
export function checkTriggers(triggers: readonly RepositoryTrigger[], place: Place): void {
  if (triggers.length > limits.triggers) throw fail('MaximumRepositoryTriggersExceededException', `A repository has at most ${limits.triggers} triggers.`);
  const names = new Set<string>();
  for (const trigger of triggers) {
    checkName(trigger.name);
    if (names.has(trigger.name)) throw fail('InvalidRepositoryTriggerNameException', `Two triggers have the same name: ${trigger.name}`);
    names.add(trigger.name);
    checkDestination(trigger.destinationArn, place);
    checkEvents(trigger);
    checkBranches(trigger);
    if ((trigger.customData ?? '').length > limits.triggerCustomDataLength) {
      throw fail('InvalidRepositoryTriggerCustomDataException', `A trigger's custom data has at most ${limits.triggerCustomDataLength} characters.`);
    }
  }
}

function checkName(name: string): void {
  if (name === '') throw fail('RepositoryTriggerNameRequiredException', 'A name for the trigger is required.');
  if (name.length > limits.triggerNameLength || !/^[\w.-]+$/.test(name)) throw fail('InvalidRepositoryTriggerNameException', `The name of the trigger is not valid: ${name}`);
}

/** Topics of the repository's own region. */
function checkDestination(arn: string, { region }: Place): void {
  if (arn === '') throw fail('RepositoryTriggerDestinationArnRequiredException', 'A destination ARN for the trigger is required.');
  const parsed = parseArn(arn);
  if (parsed?.service === 'lambda') {
    throw fail('InvalidRepositoryTriggerDestinationArnException', `Lambda functions as the destination of a trigger are not supported by Slipway yet: ${arn}. Use an SNS topic.`);
  }
  if (parsed?.service !== 'sns' || !/^\d{12}$/.test(parsed.account) || !/^[\w-]+(\.fifo)?$/.test(parsed.resource)) {
    throw fail('InvalidRepositoryTriggerDestinationArnException', `The ARN for the trigger is not that of an SNS topic: ${arn}`);
  }
  if (parsed.region !== region) throw fail('InvalidRepositoryTriggerRegionException', `The trigger's destination is in ${parsed.region}, the repository in ${region}.`);
}

function checkEvents({ name, events }: RepositoryTrigger): void {
  if (events.length === 0) throw fail('RepositoryTriggerEventsListRequiredException', `At least one event is required for the trigger ${name}.`);
  if (new Set(events).size < events.length || (events.includes('all') && events.length > 1)) {
    throw fail('InvalidRepositoryTriggerEventsException', `The events of the trigger ${name} are not valid: each can be given once, and all only alone.`);
  }
}

/** None: all of them. */
function checkBranches({ name, branches = [] }: RepositoryTrigger): void {
  if (branches.length > limits.triggerBranches) throw fail('MaximumBranchesExceededException', `A trigger has at most ${limits.triggerBranches} branches.`);
  const wrong = branches.find((branch) => !isBranchName(branch));
  if (wrong !== undefined) throw fail('InvalidRepositoryTriggerBranchNameException', `A branch name of the trigger ${name} is not valid: ${wrong}`);
}
