/**
 * The rules of an in-place deployment to servers: which lifecycle events each target runs, how many targets may be out of
 * service at a time, and when the whole has succeeded, failed or stopped. Pure: rows in, steps out.
 */
export type TargetState = 'Pending' | 'InProgress' | 'Succeeded' | 'Failed' | 'Skipped';
export type EventState = 'Pending' | 'InProgress' | 'Succeeded' | 'Failed' | 'Skipped';
export type FinalStatus = 'Succeeded' | 'Failed' | 'Stopped';

export interface TargetView {
  readonly id: string;
  readonly status: TargetState;
  /** In the order in which they run. */
  readonly events: readonly { readonly name: string; readonly status: EventState }[];
}

export interface MinimumHealthy {
  readonly type: 'HOST_COUNT' | 'FLEET_PERCENT';
  readonly value: number;
}

/** `ALL_BUT_ONE`: one target out of service at a time, however many there are. */
export type HealthRule = MinimumHealthy | 'ALL_BUT_ONE';

export interface DeploymentView {
  readonly targets: readonly TargetView[];
  readonly minimumHealthy: HealthRule;
  readonly ignoreApplicationStopFailures: boolean;
  readonly stopRequested: boolean;
  /** Why a deployment that has not started yet cannot start. */
  readonly obstacle?: DeploymentError;
}

export type Step =
  /** Hands this event to the target's agent; the target is InProgress from here on. */
  | { readonly do: 'startEvent'; readonly target: string; readonly event: string }
  /** Events of the target that are still Pending become Skipped. */
  | { readonly do: 'endTarget'; readonly target: string; readonly status: 'Succeeded' | 'Failed' | 'Skipped' }
  | { readonly do: 'endDeployment'; readonly status: FinalStatus; readonly error?: DeploymentError };

export interface DeploymentError {
  readonly code: 'HEALTH_CONSTRAINTS' | 'NO_INSTANCES' | 'MANUAL_STOP' | 'IAM_ROLE_MISSING' | 'REVISION_MISSING';
  readonly message: string;
}

export const HEALTH_CONSTRAINTS_MESSAGE = 'The overall deployment failed because too many individual instances failed deployment, too few healthy instances are '
  + 'available for deployment, or some instances in your deployment group are experiencing problems.';
export const NO_INSTANCES_MESSAGE = 'The deployment failed because no instances were found for your deployment group. Check your deployment group settings to make '
  + 'sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly identify the instances you want to deploy to, and then try again.';
export const MANUAL_STOP_MESSAGE = 'The deployment has been stopped.';

const BLOCKING = ['BeforeBlockTraffic', 'BlockTraffic', 'AfterBlockTraffic'] as const;
const INSTALLING = ['ApplicationStop', 'DownloadBundle', 'BeforeInstall', 'Install', 'AfterInstall', 'ApplicationStart', 'ValidateService'] as const;
const ALLOWING = ['BeforeAllowTraffic', 'AllowTraffic', 'AfterAllowTraffic'] as const;

/** The lifecycle events of every target, first deployment or later: on a first one the agent finds nothing to do for ApplicationStop. */
export function lifecycleEvents(option: 'WITH_TRAFFIC_CONTROL' | 'WITHOUT_TRAFFIC_CONTROL'): readonly string[] {
  return option === 'WITH_TRAFFIC_CONTROL' ? [...BLOCKING, ...INSTALLING, ...ALLOWING] : INSTALLING;
}

/** Events whose failure `ignoreApplicationStopFailures` overlooks. */
const OVERLOOKED: ReadonlySet<string> = new Set(['ApplicationStop', 'BeforeBlockTraffic', 'AfterBlockTraffic']);

/**
 * How many targets may be out of service, failed ones included. Never none, or nothing could be deployed: which is why one
 * failure on the last of several targets leaves a OneAtATime deployment Succeeded.
 */
export function mostOutOfService(minimum: HealthRule, targets: number): number {
  if (minimum === 'ALL_BUT_ONE') return 1;
  const healthy = minimum.type === 'HOST_COUNT' ? minimum.value : Math.ceil((targets * minimum.value) / 100);
  return Math.max(1, targets - healthy);
}

/** At least one target must succeed under any configuration. */
const neededSuccesses = (minimum: HealthRule, targets: number): number => Math.max(1, targets - mostOutOfService(minimum, targets));

/** What is to be done now. Answers nothing while agents work; taken again after its steps are applied, it answers nothing new. */
export function decide(view: DeploymentView): readonly Step[] {
  if (view.targets.length === 0) return [{ do: 'endDeployment', status: 'Failed', error: { code: 'NO_INSTANCES', message: NO_INSTANCES_MESSAGE } }];
  if (view.obstacle !== undefined) {
    return [...view.targets.map(({ id }): Step => ({ do: 'endTarget', target: id, status: 'Skipped' })), { do: 'endDeployment', status: 'Failed', error: view.obstacle }];
  }
  const steps: Step[] = [];
  const status = new Map(view.targets.map((target) => [target.id, target.status]));
  const end = (target: TargetView, as: 'Succeeded' | 'Failed' | 'Skipped'): void => {
    steps.push({ do: 'endTarget', target: target.id, status: as });
    status.set(target.id, as);
  };

  for (const target of view.targets.filter((one) => one.status === 'InProgress')) advanceTarget(target, view, steps, end);

  const count = (state: TargetState): number => [...status.values()].filter((one) => one === state).length;
  for (const target of view.targets.filter((one) => one.status === 'Pending')) {
    if (view.stopRequested) end(target, 'Skipped');
    else if (count('InProgress') + count('Failed') < mostOutOfService(view.minimumHealthy, view.targets.length)) {
      steps.push({ do: 'startEvent', target: target.id, event: target.events[0]?.name ?? '' });
      status.set(target.id, 'InProgress');
    }
  }
  if (count('InProgress') > 0) return steps;
  for (const target of view.targets) if (status.get(target.id) === 'Pending') end(target, 'Skipped');
  return [...steps, endOf(view, count('Succeeded'))];
}

function advanceTarget(target: TargetView, view: DeploymentView, steps: Step[], end: (target: TargetView, as: 'Succeeded' | 'Failed' | 'Skipped') => void): void {
  if (target.events.some((event) => event.status === 'InProgress')) return;
  const overlooked = (event: string): boolean => view.ignoreApplicationStopFailures && OVERLOOKED.has(event);
  const next = target.events.find((event) => event.status === 'Pending');
  if (target.events.some((event) => event.status === 'Failed' && !overlooked(event.name))) end(target, 'Failed');
  else if (next === undefined) end(target, 'Succeeded');
  else if (view.stopRequested) end(target, 'Skipped');
  else steps.push({ do: 'startEvent', target: target.id, event: next.name });
}

function endOf(view: DeploymentView, succeeded: number): Step {
  const complete = succeeded === view.targets.length;
  if (view.stopRequested && !complete) return { do: 'endDeployment', status: 'Stopped', error: { code: 'MANUAL_STOP', message: MANUAL_STOP_MESSAGE } };
  if (succeeded >= neededSuccesses(view.minimumHealthy, view.targets.length)) return { do: 'endDeployment', status: 'Succeeded' };
  return { do: 'endDeployment', status: 'Failed', error: { code: 'HEALTH_CONSTRAINTS', message: HEALTH_CONSTRAINTS_MESSAGE } };
}
