const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** One granularity at which points are kept. All in ms. */
export interface Tier {
  /** In the keys of blocks. */
  readonly letter: string;
  readonly step: number;
  /** Of points, counted from their own time. */
  readonly kept: number;
  /** The time that one block covers. */
  readonly block: number;
}

/**
 * What AWS keeps, and for how long: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
 * Points are written to `minute`, high-resolution ones to `second` as well, and wander from `minute` down as they age, so
 * that each is in exactly one of the lower three.
 */
export const TIERS = {
  second: { letter: 's', step: SECOND, kept: 3 * HOUR, block: 5 * MINUTE },
  minute: { letter: 'm', step: MINUTE, kept: 15 * DAY, block: HOUR },
  fiveMinutes: { letter: 'n', step: 5 * MINUTE, kept: 63 * DAY, block: DAY },
  hour: { letter: 'o', step: HOUR, kept: 455 * DAY, block: 14 * DAY },
} as const satisfies Record<string, Tier>;

/** Where the points of a tier go when their time there is over. */
export const COARSER: Readonly<Record<string, Tier | undefined>> = { m: TIERS.fiveMinutes, n: TIERS.hour };

const tierOfLetter = (letter: string): Tier | undefined => Object.values(TIERS).find((tier) => tier.letter === letter);

/** The tiers from which a period's values are made. */
export function tiersFor(period: number): readonly Tier[] {
  if (period < MINUTE) return [TIERS.second];
  return [TIERS.minute, TIERS.fiveMinutes, TIERS.hour].filter((tier) => period % tier.step === 0);
}

const DIGITS = 10;

/** Sorts by stream, tier and time. */
export const blockKey = (stream: string, tier: Tier, time: number): string => `${stream}${tier.letter}${String(Math.floor(time / tier.block)).padStart(DIGITS, '0')}`;

export function parseBlockKey(key: string): { stream: string; tier: Tier; start: number } | undefined {
  const tier = tierOfLetter(key.charAt(key.length - DIGITS - 1));
  return tier && { stream: key.slice(0, -DIGITS - 1), tier, start: Number(key.slice(-DIGITS)) * tier.block };
}

/** When a block's points have to leave the tier. */
export const dueOf = (tier: Tier, time: number): number => (Math.floor(time / tier.block) + 1) * tier.block + tier.kept;
