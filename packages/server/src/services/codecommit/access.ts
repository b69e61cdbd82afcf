import type { CodeCommitApi } from '@slipway/contracts';
import type { AccessRequest, AccessTable, Call } from '../../kernel/service.ts';
import { repositoryArn } from './arns.ts';
import type { notYet } from './not-yet.ts';

const on = (operation: string) => (input: { repositoryName?: string }, call: Call): AccessRequest => ({
  action: `codecommit:${operation}`,
  resource: repositoryArn(call, input.repositoryName ?? ''),
});

const onArn = (operation: string) => ({ resourceArn }: { resourceArn: string }): AccessRequest => ({ action: `codecommit:${operation}`, resource: resourceArn });

/** Operations that change a branch can be limited to some, by AWS's published branch rule. */
const onBranch = (operation: string) => (input: { repositoryName: string; branchName: string }, call: Call): AccessRequest => ({
  ...on(operation)(input, call),
  context: { 'codecommit:References': `refs/heads/${input.branchName}` },
});

export const access: AccessTable<CodeCommitApi, (typeof notYet)[number]> = {
  CreateRepository: on('CreateRepository'),
  GetRepository: on('GetRepository'),
  BatchGetRepositories: ({ repositoryNames }, call) => repositoryNames.map((repositoryName) => on('BatchGetRepositories')({ repositoryName }, call)),
  ListRepositories: () => ({ action: 'codecommit:ListRepositories', resource: '*' }),
  DeleteRepository: on('DeleteRepository'),
  UpdateRepositoryDescription: on('UpdateRepositoryDescription'),
  UpdateRepositoryName: ({ oldName }, call) => on('UpdateRepositoryName')({ repositoryName: oldName }, call),
  CreateBranch: onBranch('CreateBranch'),
  ListBranches: on('ListBranches'),
  GetBranch: on('GetBranch'),
  DeleteBranch: onBranch('DeleteBranch'),
  UpdateDefaultBranch: on('UpdateDefaultBranch'),
  GetCommit: on('GetCommit'),
  GetFile: on('GetFile'),
  GetFolder: on('GetFolder'),
  GetBlob: on('GetBlob'),
  PutFile: onBranch('PutFile'),
  TagResource: onArn('TagResource'),
  UntagResource: onArn('UntagResource'),
  ListTagsForResource: onArn('ListTagsForResource'),
};

/** The permission-only actions of git itself and of the archives that pipelines take. */
export function gitAccess(action: 'GitPull' | 'GitPush' | 'UploadArchive', place: { region: string; account: string }, name: string, ref?: string): AccessRequest {
  return {
    action: `codecommit:${action}`,
    resource: repositoryArn(place, name),
    ...ref === undefined ? {} : { context: { 'codecommit:References': ref } },
  };
}
