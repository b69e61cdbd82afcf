/**
 * https://docs.aws.amazon.com/general/latest/gr/sns.html,
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html,
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
export const LIMITS = {
  pageSize: 100,
  topicsPerAccount: { standard: 100_000, fifo: 1_000 },
  subscriptionsPerTopic: { standard: 12_500_000, fifo: 100 },
  /** Bytes of the message with its attributes; of all entries together in a batch. */
  messageSize: 262_144,
  batchEntries: 10,
  subjectLength: 100,
  /** Bytes of a policy. */
  policySize: 30_720,
  displayNameLength: 100,
  filterPolicy: { size: 262_144, keys: 5, combinations: 150, perTopic: 200, largestNumber: 1e9 },
  /** Attributes that raw delivery can carry to a queue. */
  rawAttributes: 10,
  /** Seconds between the first attempt and the last retry over HTTP. */
  retrySeconds: 3_600,
} as const;

/** How long a deduplication id holds. */
export const DEDUPLICATION_MS = 5 * 60 * 1000;

/** How long a token confirms, after which a pending subscription goes; and how long an ended one can be had back. */
export const PENDING_MS = 48 * 60 * 60 * 1000;

/**
 * For the whole of one attempt over HTTP. https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html: an
 * answer from 500 on, or none within 15 seconds, is tried again; one from 400 to 499 is not. That it is the endpoint's
 * refusal, which a dead-letter queue gets to see, and that 429 is tried again, is ours.
 */
export const HTTP_TIMEOUT_MS = 15_000;

/** Ours: subscriptions to which one publication writes deliveries itself; beyond it a job does, page by page. */
export const DIRECT_FAN_OUT = 100;

/** Ours: deliveries to one subscription that are on their way at a time. */
export const IN_FLIGHT = 20;

/** Ours: subscriptions that one server serves at a time, so that slow endpoints leave room for other work. */
export const SERVED_AT_A_TIME = 50;
