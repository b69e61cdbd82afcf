import { NO_OBJECT } from '../../git/index.ts';
import type { RefCommand } from '../../git/index.ts';
import type { MergeOptionTypeEnum } from '@slipway/contracts/codecommit';
import type { DomainEvent } from '../../engine/outbox.ts';
import { repositoryArn } from './arns.ts';
import type { MergeSides, MergeTerms } from './merges/terms.ts';
import type { MergeFacts, RepositoryRow } from './store.ts';

/** "CodeCommit Repository State Change" for one reference that moved; undefined for references that AWS tells nobody about (notes). */
export function referenceMoved(repository: RepositoryRow, { ref, old, new: next }: RefCommand, callerUserArn: string, merge?: MergeFacts): DomainEvent | undefined {
  const kind = /^refs\/(heads|tags)\/(.+)$/.exec(ref);
  if (!kind) return undefined;
  return stateChange(repository, {
    event: next === NO_OBJECT ? 'referenceDeleted' : old === NO_OBJECT ? 'referenceCreated' : 'referenceUpdated',
    referenceType: kind[1] === 'heads' ? 'branch' : 'tag',
    referenceName: kind[2],
    referenceFullName: ref,
    ...next === NO_OBJECT ? {} : { commitId: next },
    ...old === NO_OBJECT ? {} : { oldCommitId: old },
    callerUserArn,
    ...merge,
  });
}

/** A merge as events tell it. */
export function mergeFacts({ source, destination, option, terms }: MergeSides & { readonly option: MergeOptionTypeEnum; readonly terms: MergeTerms }, baseCommitId: string): MergeFacts {
  return {
    baseCommitId, sourceCommitId: source, destinationCommitId: destination, mergeOption: option,
    // A fast-forward has no conflicts to find or resolve.
    ...option === 'FAST_FORWARD_MERGE' ? {} : { conflictDetailsLevel: terms.detail, conflictResolutionStrategy: terms.strategy },
  };
}

/** "CodeCommit Repository State Change" for a merge commit that nothing refers to. */
export function unreferencedMergeCommitCreated(repository: RepositoryRow, commitId: string, merge: MergeFacts, callerUserArn: string): DomainEvent {
  return stateChange(repository, { event: 'unreferencedMergeCommitCreated', commitId, ...merge, callerUserArn });
}

function stateChange({ account, region, name, repository_id: repositoryId }: RepositoryRow, { event, ...detail }: { event: string } & DomainEvent['detail']): DomainEvent {
  return {
    account,
    region,
    source: 'aws.codecommit',
    detailType: 'CodeCommit Repository State Change',
    resources: [repositoryArn({ account, region }, name)],
    aggregate: `codecommit/repository/${repositoryId}`,
    detail: { event, repositoryName: name, repositoryId, ...detail },
  };
}
