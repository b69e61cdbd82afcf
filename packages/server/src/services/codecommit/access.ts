import type { CodeCommitApi } from '@slipway/contracts';
import { creating, settingTags } from '../../kernel/access.ts';
import type { AccessRequest, AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { repositoryArn } from './arns.ts';
import { targetBranch } from './merges/target.ts';
import type { notYet } from './not-yet.ts';
import type { ReviewOperation } from './review-access.ts';

const on = (input: { repositoryName?: string }, call: Call): OperationRequest => ({ resource: repositoryArn(call, input.repositoryName ?? '') });

const onArn = ({ resourceArn }: { resourceArn: string }): OperationRequest => ({ resource: resourceArn });

/** Operations that change a branch can be limited to some, by AWS's published branch rule. */
const onBranch = (input: { repositoryName: string; branchName: string }, call: Call): OperationRequest => ({
  ...on(input, call),
  context: { 'codecommit:References': `refs/heads/${input.branchName}` },
});

const listed = (tags: Readonly<Record<string, string>> = {}) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Merges of branches move the target, or else the destination. */
const onTarget = (input: { repositoryName: string; destinationCommitSpecifier: string; targetBranch?: string }, call: Call): OperationRequest =>
  onBranch({ repositoryName: input.repositoryName, branchName: targetBranch(input) }, call);

export const access: AccessTable<CodeCommitApi, (typeof notYet)[number] | ReviewOperation> = {
  CreateRepository: (input, call) => creating(on(input, call), listed(input.tags), 'codecommit:TagResource'),
  GetRepository: on,
  BatchGetRepositories: ({ repositoryNames }, call) => repositoryNames.map((repositoryName) => on({ repositoryName }, call)),
  ListRepositories: () => ({ resource: '*' }),
  DeleteRepository: on,
  UpdateRepositoryDescription: on,
  UpdateRepositoryEncryptionKey: on,
  UpdateRepositoryName: ({ oldName }, call) => on({ repositoryName: oldName }, call),
  CreateBranch: onBranch,
  ListBranches: on,
  GetBranch: on,
  DeleteBranch: onBranch,
  UpdateDefaultBranch: on,
  GetCommit: on,
  GetFile: on,
  GetFolder: on,
  GetBlob: on,
  GetBlobDifferences: on,
  GetDifferences: on,
  BatchGetCommits: on,
  ListFileCommitHistory: on,
  PutFile: onBranch,
  DeleteFile: onBranch,
  CreateCommit: onBranch,
  GetMergeCommit: on,
  GetMergeOptions: on,
  GetMergeConflicts: on,
  DescribeMergeConflicts: on,
  BatchDescribeMergeConflicts: on,
  CreateUnreferencedMergeCommit: on,
  MergeBranchesByFastForward: onTarget,
  MergeBranchesBySquash: onTarget,
  MergeBranchesByThreeWay: onTarget,
  TagResource: (input) => ({ ...onArn(input), context: settingTags(listed(input.tags)) }),
  UntagResource: (input) => ({ ...onArn(input), context: { 'aws:TagKeys': input.tagKeys } }),
  ListTagsForResource: onArn,
};

/** The permission-only actions of git itself and of the archives that pipelines take. */
export function gitAccess(action: 'GitPull' | 'GitPush' | 'UploadArchive', place: { region: string; account: string }, name: string, ref?: string): AccessRequest {
  return {
    action: `codecommit:${action}`,
    resource: repositoryArn(place, name),
    ...ref === undefined ? {} : { context: { 'codecommit:References': ref } },
  };
}
