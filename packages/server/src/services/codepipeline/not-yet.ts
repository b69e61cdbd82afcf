/** Operations of CodePipeline that answer by name that they are missing. */
export const notYet = [
  'AcknowledgeJob', 'AcknowledgeThirdPartyJob', 'CreateCustomActionType', 'DeleteCustomActionType', 'DeleteWebhook',
  'DeregisterWebhookWithThirdParty', 'GetActionType', 'GetJobDetails', 'GetThirdPartyJobDetails', 'ListActionTypes',
  'ListDeployActionExecutionTargets', 'ListRuleExecutions', 'ListRuleTypes', 'ListWebhooks', 'OverrideStageCondition', 'PollForJobs',
  'PollForThirdPartyJobs', 'PutActionRevision', 'PutJobFailureResult', 'PutJobSuccessResult', 'PutThirdPartyJobFailureResult',
  'PutThirdPartyJobSuccessResult', 'PutWebhook', 'RegisterWebhookWithThirdParty', 'RollbackStage', 'UpdateActionType',
] as const;
