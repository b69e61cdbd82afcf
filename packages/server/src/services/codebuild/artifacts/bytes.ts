/** Large files are read in pieces of this size: each is a trip to another thread. */
export const READ_BYTES = 1_048_576;

/** What S3 computes beside the MD5 of every object: the one that AWS's own SDKs ask for, and that the machine computes by itself. */
export const CHECKED = { ChecksumAlgorithm: 'CRC32' } as const;
