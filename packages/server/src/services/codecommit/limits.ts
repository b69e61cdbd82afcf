/** Numbers of the CodeCommit user guide's "Quotas" page and the API reference. */
export const limits = {
  /** A push may change at most this many references. */
  referencesPerPush: 4_000,
  /** One file through the API: 6 MB. */
  apiFileBytes: 6 * 1_024 * 1_024,
  repositoryNameLength: 100,
  repositoryDescriptionLength: 1_000,
  branchNameLength: 256,
  filePathLength: 4_096,
  filePathDepth: 20,
  batchRepositories: 100,
  repositoriesPerPage: 1_000,
  branchesPerPage: 100,
  /** CreateCommit: "limited to 256 KB". */
  commitMessageBytes: 256 * 1_024,
  /** Files that one CreateCommit puts, deletes and gives modes to. */
  filesPerCommit: 1_000,
  /** What one commit of the API puts into one folder: 6 MB. */
  folderContentBytes: 6 * 1_024 * 1_024,
  commitsPerBatch: 100,
  /** GetDifferences' pages; AWS publishes no numbers. */
  differencesPerPage: { usual: 400, most: 1_000 },
  contextLines: { usual: 3, most: 20 },
  blobHunksPerPage: { usual: 100, most: 1_000 },
  fileVersionsPerPage: 100,
  /** Ours: one file's history is found in one go. */
  fileVersions: 50_000,
  /** AWS publishes no numbers for the five that follow; these keep one request's work in bounds. */
  tipsDivergence: 20_000,
  itemsToCompare: 50_000,
  conflictFilesToLoad: 1_000,
  conflictResolutionEntries: 1_000,
  conflictFilesPerPage: 1_000,
  mergeHunksPerPage: 1_000,
  /** Author's name and email. */
  userNameLength: 1_024,
  /** How long a git client may send nothing in the middle of a request. Ours. ms */
  senderIdle: 120_000,
  pullRequestTitleLength: 150,
  pullRequestDescriptionLength: 10_240,
  openPullRequestsPerRepository: 1_000,
  pullRequestsPerPage: 100,
  pullRequestEventsPerPage: 100,
  approvalRuleNameLength: 100,
  approvalRuleContentLength: 3_000,
  approvalRulesPerPullRequest: 30,
  approvalRulesFromTemplates: 25,
  approvalsPerPullRequest: 200,
  approversPerPool: 50,
  approvalTemplates: 1_000,
  approvalTemplateDescriptionLength: 1_000,
  approvalTemplatesPerPage: 100,
  templateDestinations: 100,
  commentLength: 10_240,
  commentsPerPage: { default: 100, most: 500 },
  reactionsPerPage: 1_000,
  /** Undocumented; as long as those of other services. */
  clientTokenLength: 128,
  /** Undocumented, and longer than any client goes on trying. ms */
  clientTokenLifetime: 30 * 24 * 60 * 60_000,
  triggers: 10,
  triggerBranches: 10,
  triggerNameLength: 100,
  triggerCustomDataLength: 1_000,
  /** A message of SNS holds 256 KiB: that many references fit in at their longest. */
  referencesPerTriggerMessage: 250,
  /** How far a signed git password's time may be from ours. ms */
  passwordSkew: 15 * 60_000,
} as const;
