/** What Slipway answers with "not implemented" so far. */
export const notYet = [
  'UpdateRepositoryEncryptionKey',
] as const;
