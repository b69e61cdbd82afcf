import type { S3Api } from '@slipway/contracts';

/** Operations that are refused by name. Bucket policies, ACLs and their kin are not kept as long as nothing enforces them. */
export const notYet = [
  'CreateBucketMetadataConfiguration', 'CreateBucketMetadataTableConfiguration', 'CreateSession', 'DeleteBucketAnalyticsConfiguration',
  'DeleteBucketCors', 'DeleteBucketIntelligentTieringConfiguration', 'DeleteBucketInventoryConfiguration', 'DeleteBucketLifecycle',
  'DeleteBucketMetadataConfiguration', 'DeleteBucketMetadataTableConfiguration', 'DeleteBucketMetricsConfiguration',
  'DeleteBucketOwnershipControls', 'DeleteBucketPolicy', 'DeleteBucketReplication', 'DeleteBucketWebsite', 'DeleteObjectAnnotation',
  'DeletePublicAccessBlock', 'GetBucketAbac', 'GetBucketAccelerateConfiguration', 'GetBucketAcl', 'GetBucketAnalyticsConfiguration',
  'GetBucketCors', 'GetBucketIntelligentTieringConfiguration', 'GetBucketInventoryConfiguration', 'GetBucketLifecycleConfiguration',
  'GetBucketLogging', 'GetBucketMetadataConfiguration', 'GetBucketMetadataTableConfiguration', 'GetBucketMetricsConfiguration',
  'GetBucketNotificationConfiguration', 'GetBucketOwnershipControls', 'GetBucketPolicy', 'GetBucketPolicyStatus', 'GetBucketReplication',
  'GetBucketRequestPayment', 'GetBucketWebsite', 'GetObjectAcl', 'GetObjectAnnotation', 'GetObjectLegalHold', 'GetObjectLockConfiguration',
  'GetObjectRetention', 'GetObjectTorrent', 'GetPublicAccessBlock', 'ListBucketAnalyticsConfigurations',
  'ListBucketIntelligentTieringConfigurations', 'ListBucketInventoryConfigurations', 'ListBucketMetricsConfigurations',
  'ListDirectoryBuckets', 'ListObjectAnnotations', 'PutBucketAbac', 'PutBucketAccelerateConfiguration', 'PutBucketAcl',
  'PutBucketAnalyticsConfiguration', 'PutBucketCors', 'PutBucketIntelligentTieringConfiguration', 'PutBucketInventoryConfiguration',
  'PutBucketLifecycleConfiguration', 'PutBucketLogging', 'PutBucketMetricsConfiguration', 'PutBucketNotificationConfiguration',
  'PutBucketOwnershipControls', 'PutBucketPolicy', 'PutBucketReplication', 'PutBucketRequestPayment', 'PutBucketWebsite', 'PutObjectAcl',
  'PutObjectAnnotation', 'PutObjectLegalHold', 'PutObjectLockConfiguration', 'PutObjectRetention', 'PutPublicAccessBlock', 'RenameObject',
  'RestoreObject', 'SelectObjectContent', 'UpdateBucketMetadataAnnotationTableConfiguration',
  'UpdateBucketMetadataInventoryTableConfiguration', 'UpdateBucketMetadataJournalTableConfiguration', 'UpdateObjectEncryption',
  'WriteGetObjectResponse',
] as const satisfies readonly (keyof S3Api)[];

export type NotYet = (typeof notYet)[number];
