import type { ActionsSuppressedBy, StateValue } from '@slipway/contracts/cloudwatch';

export interface Suppressor {
  readonly state: StateValue;
  /** When it last ceased to be in ALARM. ms UTC */
  readonly leftAlarm: number | null;
  readonly waitMs: number;
  readonly extensionMs: number;
}

/** Whether the actions of a transition still wait: for what, and until when it is to be looked at again (undefined: until the suppressor changes). */
export interface Suppression {
  readonly by: ActionsSuppressedBy;
  readonly until: number | undefined;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_How_To_Suppress.html */
export function suppressionOf(suppressor: Suppressor | undefined, transitioned: number, now: number): Suppression | undefined {
  if (suppressor === undefined) return undefined;
  if (suppressor.state === 'ALARM') return { by: 'Alarm', until: undefined };
  const extended = suppressor.leftAlarm === null ? -Infinity : suppressor.leftAlarm + suppressor.extensionMs;
  if (now < extended) return { by: 'ExtensionPeriod', until: extended };
  // A suppressor that was in ALARM meanwhile has been waited for already.
  const waited = suppressor.leftAlarm !== null && suppressor.leftAlarm >= transitioned;
  const until = transitioned + suppressor.waitMs;
  return now < until && !waited ? { by: 'WaitPeriod', until } : undefined;
}
