/** Amazon S3 user guide, "Amazon S3 multipart upload limits" and "Bucket naming rules"; sizes in bytes. */
export const limits = {
  /** Largest single PUT, part, or source of CopyObject. */
  singlePutBytes: 5 * 2 ** 30,
  /** Smallest part but the last. */
  smallestPartBytes: 5 * 2 ** 20,
  parts: 10_000,
  /** UTF-8 bytes. */
  keyBytes: 1024,
  /** User-defined metadata, names and values together. */
  metadataBytes: 2048,
  objectTags: 10,
  bucketTags: 50,
  tagKey: 128,
  tagValue: 256,
  deleteObjects: 1000,
  /** Entries of one listing page. */
  page: 1000,
  /** ListBuckets answers up to this many at once (its default too). */
  buckets: 10_000,
} as const;
