/** What Slipway answers with "not implemented" so far. */
export const notYet = [
  'BatchGetApplicationRevisions', 'ContinueDeployment', 'CreateDeploymentConfig', 'DeleteDeploymentConfig', 'DeleteGitHubAccountToken', 'DeleteResourcesByExternalId',
  'ListGitHubAccountTokenNames', 'PutLifecycleEventHookExecutionStatus', 'SkipWaitTimeForInstanceTermination',
] as const;
