/** Operations of SQS that answer by name that they are missing: none. */
export const notYet = [] as const;
