/** What Slipway answers with "not implemented" so far. */
export const notYet = [
  'BatchGetCommits',
  'CreateCommit',
  'DeleteFile',
  'GetBlobDifferences',
  'GetDifferences',
  'ListFileCommitHistory',
  'MergePullRequestByFastForward',
  'MergePullRequestBySquash',
  'MergePullRequestByThreeWay',
  'UpdateRepositoryEncryptionKey',
] as const;
