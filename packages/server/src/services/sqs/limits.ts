/**
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html, quotas-messages.html,
 * quotas-fifo.html, quotas-policies.html
 */
export const LIMITS = {
  nameLength: 80,
  /** Bytes of a message with its attributes, and of a batch. */
  messageBytes: 1_048_576,
  attributesPerMessage: 10,
  attributeNameLength: 256,
  entriesPerBatch: 10,
  batchIdLength: 80,
  messagesPerReceive: 10,
  longestWaitSeconds: 20,
  longestVisibilitySeconds: 43_200,
  longestDelaySeconds: 900,
  /** About as many as AWS's; standard and FIFO queues alike. */
  inFlight: 120_000,
  maxReceiveCount: 1_000,
  sourcesPerAllowPolicy: 10,
  pageSize: 1_000,
  /** Permissions that AddPermission makes. */
  statementsPerPolicy: 20,
  actionsPerPermission: 7,
  /** Characters of a group's, a deduplication's or a receive attempt's id. */
  tokenLength: 128,
  moveTasksListed: 10,
  moveRate: 500,
} as const;

/** How long a name stays taken after DeleteQueue, and the pause between two purges. */
export const MINUTE_MS = 60_000;

/** FIFO queues' deduplication interval, and how long a receive attempt's id is remembered. */
export const DEDUPLICATION_MS = 5 * 60_000;

/** Queue attributes that are whole numbers, with their bounds and defaults (API reference, SetQueueAttributes). */
export const NUMBERS = {
  DelaySeconds: { least: 0, most: LIMITS.longestDelaySeconds, otherwise: 0 },
  MaximumMessageSize: { least: 1_024, most: LIMITS.messageBytes, otherwise: LIMITS.messageBytes },
  MessageRetentionPeriod: { least: 60, most: 1_209_600, otherwise: 345_600 },
  ReceiveMessageWaitTimeSeconds: { least: 0, most: LIMITS.longestWaitSeconds, otherwise: 0 },
  VisibilityTimeout: { least: 0, most: LIMITS.longestVisibilitySeconds, otherwise: 30 },
} as const;
