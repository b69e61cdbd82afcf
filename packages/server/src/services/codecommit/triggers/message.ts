import type { RepositoryTrigger } from '@slipway/contracts/codecommit';
import { NO_OBJECT } from '../../../git/index.ts';
import type { RefCommand } from '../../../git/index.ts';
import { repositoryArn } from '../arns.ts';
import { limits } from '../limits.ts';
import type { RepositoryRow } from '../store.ts';

const EVENT = { created: 'createReference', updated: 'updateReference', deleted: 'deleteReference' } as const;
type Kind = keyof typeof EVENT;

/** What a message tells beside the references. */
export interface MessageFacts {
  readonly repository: RepositoryRow;
  readonly configurationId: string;
  readonly trigger: RepositoryTrigger;
  readonly userArn: string;
  /** ms UTC */
  readonly at: number;
  readonly eventName: 'ReferenceChanges' | 'TriggerEventTest';
  readonly eventId: string;
}

export interface TriggerMessage {
  readonly subject: string;
  readonly body: string;
}

/** A reference as a message tells it. Neither created nor deleted: it moved. */
export interface RefMoved {
  /** Where it is now; of one that was deleted, where it was. */
  readonly commit: string;
  readonly created?: true;
  readonly deleted?: true;
  readonly ref: string;
}

/** The movements that a trigger is for. Branches narrow it to those branches: tags too are none of them. */
export function concerning({ events, branches = [] }: RepositoryTrigger, moved: readonly RefCommand[]): RefMoved[] {
  return moved.filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref)).map(told)
    .filter((one) => events.includes('all') || events.includes(EVENT[kindOf(one)]))
    .filter(({ ref }) => branches.length === 0 || branches.some((branch) => ref === `refs/heads/${branch}`));
}

/** AWS's message, in as many parts as SNS's limit for one asks for. */
export function triggerMessages(facts: MessageFacts, moved: readonly RefMoved[]): TriggerMessage[] {
  const total = Math.ceil(moved.length / limits.referencesPerTriggerMessage);
  return Array.from({ length: total }, (_, index) => {
    const part = moved.slice(index * limits.referencesPerTriggerMessage, (index + 1) * limits.referencesPerTriggerMessage);
    return { subject: subjectOf(facts.repository, moved), body: JSON.stringify({ Records: [record(facts, part, index + 1, total)] }) };
  });
}

function record({ repository, configurationId, trigger, userArn, at, eventName, eventId }: MessageFacts, moved: readonly RefMoved[], part: number, parts: number): object {
  return {
    awsRegion: repository.region,
    codecommit: { references: moved },
    customData: trigger.customData || null,
    eventId,
    eventName,
    eventPartNumber: part,
    eventSource: 'aws:codecommit',
    eventSourceARN: repositoryArn(repository, repository.name),
    // `2020-06-03T08:28:16.625+0000`
    eventTime: new Date(at).toISOString().replace('Z', '+0000'),
    eventTotalParts: parts,
    eventTriggerConfigId: configurationId,
    eventTriggerName: trigger.name,
    eventVersion: '1.0',
    userIdentityARN: userArn,
  };
}

function told({ ref, old, new: next }: RefCommand): RefMoved {
  if (next === NO_OBJECT) return { commit: old, deleted: true, ref };
  return old === NO_OBJECT ? { commit: next, created: true, ref } : { commit: next, ref };
}

function kindOf({ created, deleted }: RefMoved): Kind {
  if (deleted) return 'deleted';
  return created ? 'created' : 'updated';
}

/** SNS takes fewer than a hundred characters, and a repository's name may have a hundred. */
function subjectOf({ region, name }: RepositoryRow, moved: readonly RefMoved[]): string {
  const kinds = new Set(moved.map(kindOf));
  const words = { created: 'CREATE', updated: 'UPDATE', deleted: 'DELETE' } as const;
  const [only] = kinds;
  return `${kinds.size === 1 && only !== undefined ? words[only] : 'UPDATE'}: AWS CodeCommit ${region} push: ${name}`.slice(0, 99);
}
