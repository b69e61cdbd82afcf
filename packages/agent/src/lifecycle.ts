/** Lifecycle events that an AppSpec may hang scripts on, in the order of a deployment with traffic control. */
export const HOOK_EVENTS = [
  'BeforeBlockTraffic', 'AfterBlockTraffic', 'ApplicationStop', 'BeforeInstall', 'AfterInstall', 'ApplicationStart', 'ValidateService',
  'BeforeAllowTraffic', 'AfterAllowTraffic',
] as const;

export type HookEvent = (typeof HOOK_EVENTS)[number];

/** Events that belong to the revision which is being replaced: their scripts come from the last successful revision. */
const FROM_LAST_SUCCESSFUL: ReadonlySet<string> = new Set<HookEvent>(['BeforeBlockTraffic', 'AfterBlockTraffic', 'ApplicationStop']);

export const isHookEvent = (name: string): name is HookEvent => (HOOK_EVENTS as readonly string[]).includes(name);

export const runsFromLastSuccessful = (event: HookEvent): boolean => FROM_LAST_SUCCESSFUL.has(event);
