/** As git finds out: a NUL among the first 8,000 bytes. */
export const isBinary = (contents: Uint8Array): boolean => contents.subarray(0, 8_000).includes(0);
