/** What Slipway answers with "not implemented" so far. */
export const notYet = [
  'BatchGetApplicationRevisions', 'ContinueDeployment', 'CreateDeploymentConfig', 'DeleteDeploymentConfig', 'DeleteGitHubAccountToken', 'DeleteResourcesByExternalId',
  'ListApplicationRevisions', 'ListGitHubAccountTokenNames', 'ListTagsForResource', 'PutLifecycleEventHookExecutionStatus', 'SkipWaitTimeForInstanceTermination',
  'TagResource', 'UntagResource', 'UpdateApplication', 'UpdateDeploymentGroup',
] as const;
