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
  commitMessageBytes: 10 * 1_024,
  /** Author's name and email. */
  userNameLength: 1_024,
  /** How far a signed git password's time may be from ours. ms */
  passwordSkew: 15 * 60_000,
} as const;
