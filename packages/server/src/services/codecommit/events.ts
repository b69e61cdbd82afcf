import { NO_OBJECT } from '../../git/index.ts';
import type { RefCommand } from '../../git/index.ts';
import type { DomainEvent } from '../../engine/outbox.ts';
import { repositoryArn } from './arns.ts';
import type { MergeFacts, RepositoryRow } from './store.ts';

/** "CodeCommit Repository State Change" for one reference that moved; undefined for references that AWS tells nobody about (notes). */
export function referenceMoved(repository: RepositoryRow, { ref, old, new: next }: RefCommand, callerUserArn: string, merge?: MergeFacts): DomainEvent | undefined {
  const kind = /^refs\/(heads|tags)\/(.+)$/.exec(ref);
  if (!kind) return undefined;
  const { account, region, name, repository_id: repositoryId } = repository;
  return {
    account,
    region,
    source: 'aws.codecommit',
    detailType: 'CodeCommit Repository State Change',
    resources: [repositoryArn({ account, region }, name)],
    aggregate: `codecommit/repository/${repositoryId}`,
    detail: {
      event: next === NO_OBJECT ? 'referenceDeleted' : old === NO_OBJECT ? 'referenceCreated' : 'referenceUpdated',
      repositoryName: name,
      repositoryId,
      referenceType: kind[1] === 'heads' ? 'branch' : 'tag',
      referenceName: kind[2],
      referenceFullName: ref,
      ...next === NO_OBJECT ? {} : { commitId: next },
      ...old === NO_OBJECT ? {} : { oldCommitId: old },
      callerUserArn,
      ...merge,
    },
  };
}
