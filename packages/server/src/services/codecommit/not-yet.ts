/** What Slipway answers with "not implemented" so far. */
export const notYet = [] as const;
