import { describe, expect, test } from 'vitest';
import { findConfig } from './deployment-configs.ts';
import { decide, lifecycleEvents, mostOutOfService } from './decide.ts';
import type { DeploymentView, EventState, FinalStatus, HealthRule, MinimumHealthy, TargetState, TargetView } from './decide.ts';

const ruleOf = (name: string): HealthRule => findConfig(`CodeDeployDefault.${name}`)!.rule;
const [oneAtATime, halfAtATime, allAtOnce] = [ruleOf('OneAtATime'), ruleOf('HalfAtATime'), ruleOf('AllAtOnce')];

/** A fleet whose agents report as told: `fails(target, event)`. */
class Fleet {
  readonly targets: { id: string; status: TargetState; events: { name: string; status: EventState }[] }[];
  readonly history: string[] = [];
  most = 0;
  ended: { status: FinalStatus; code: string | undefined } | undefined;
  readonly #view: Omit<DeploymentView, 'targets'>;
  stopRequested = false;

  constructor(size: number, minimumHealthy: HealthRule, ignoreApplicationStopFailures = false) {
    this.#view = { minimumHealthy, ignoreApplicationStopFailures, stopRequested: false };
    this.targets = Array.from({ length: size }, (_, index) => ({
      id: `h${index + 1}`, status: 'Pending', events: lifecycleEvents('WITHOUT_TRAFFIC_CONTROL').map((name) => ({ name, status: 'Pending' })),
    }));
  }

  step(): void {
    const targets = this.targets as readonly TargetView[];
    for (const step of decide({ ...this.#view, stopRequested: this.stopRequested, targets })) {
      if (step.do === 'endDeployment') {
        this.ended = { status: step.status, code: step.error?.code };
        continue;
      }
      const target = this.targets.find((one) => one.id === step.target)!;
      if (step.do === 'startEvent') {
        this.history.push(`${step.target}:${step.event}`);
        target.status = 'InProgress';
        target.events.find((event) => event.name === step.event)!.status = 'InProgress';
      } else {
        target.status = step.status;
        for (const event of target.events) if (event.status === 'Pending') event.status = 'Skipped';
      }
    }
    this.most = Math.max(this.most, this.targets.filter((target) => target.status === 'InProgress').length);
  }

  report(fails: (target: string, event: string) => boolean): void {
    for (const target of this.targets) {
      for (const event of target.events) if (event.status === 'InProgress') event.status = fails(target.id, event.name) ? 'Failed' : 'Succeeded';
    }
  }

  run(fails: (target: string, event: string) => boolean): this {
    for (let turn = 0; this.ended === undefined && turn < 1000; turn += 1) {
      this.step();
      this.report(fails);
    }
    return this;
  }

  statuses(): string {
    return this.targets.map((target) => target.status).join(' ');
  }
}

const failing = (...ids: string[]) => (target: string, event: string): boolean => event === 'AfterInstall' && ids.includes(target);

const stopFails = (_target: string, event: string): boolean => event === 'ApplicationStop';

describe('a deployment', () => {
  test('runs the events of a target in AWS\'s order', () => {
    const fleet = new Fleet(1, oneAtATime).run(failing());
    expect(fleet.history).toEqual([
      'h1:ApplicationStop', 'h1:DownloadBundle', 'h1:BeforeInstall', 'h1:Install', 'h1:AfterInstall', 'h1:ApplicationStart', 'h1:ValidateService',
    ]);
    expect(fleet.ended).toEqual({ status: 'Succeeded', code: undefined });
  });

  test.each([
    ['OneAtATime', oneAtATime, 3, [], 1, 'Succeeded', 'Succeeded Succeeded Succeeded'],
    ['OneAtATime', oneAtATime, 3, ['h1'], 1, 'Failed', 'Failed Skipped Skipped'],
    ['OneAtATime', oneAtATime, 3, ['h2'], 1, 'Failed', 'Succeeded Failed Skipped'],
    ['OneAtATime', oneAtATime, 3, ['h3'], 1, 'Succeeded', 'Succeeded Succeeded Failed'],
    ['OneAtATime', oneAtATime, 1, ['h1'], 1, 'Failed', 'Failed'],
    ['OneAtATime', oneAtATime, 250, ['h2'], 1, 'Failed', undefined],
    ['HalfAtATime', halfAtATime, 5, [], 2, 'Succeeded', 'Succeeded Succeeded Succeeded Succeeded Succeeded'],
    ['HalfAtATime', halfAtATime, 5, ['h1', 'h5'], 2, 'Succeeded', 'Failed Succeeded Succeeded Succeeded Failed'],
    ['HalfAtATime', halfAtATime, 5, ['h1', 'h2'], 2, 'Failed', 'Failed Failed Skipped Skipped Skipped'],
    ['HalfAtATime', halfAtATime, 1, ['h1'], 1, 'Failed', 'Failed'],
    ['AllAtOnce', allAtOnce, 4, ['h1', 'h2', 'h3'], 4, 'Succeeded', 'Failed Failed Failed Succeeded'],
    ['AllAtOnce', allAtOnce, 2, ['h1', 'h2'], 2, 'Failed', 'Failed Failed'],
    ['AllAtOnce', allAtOnce, 1, ['h1'], 1, 'Failed', 'Failed'],
    ['a minimum of two hosts', { type: 'HOST_COUNT', value: 2 } as const, 5, ['h1', 'h2'], 3, 'Succeeded', undefined],
  ])('%s %j on %i hosts, failing %j: at most %i at a time, %s', (_name, minimum, size, ids, most, status, statuses) => {
    const fleet = new Fleet(size, minimum).run(failing(...ids));
    expect(fleet.most).toBe(most);
    expect(fleet.ended?.status).toBe(status);
    if (status === 'Failed') expect(fleet.ended?.code).toBe('HEALTH_CONSTRAINTS');
    if (statuses !== undefined) expect(fleet.statuses()).toBe(statuses);
  });

  test('events behind a failed one are skipped', () => {
    const fleet = new Fleet(1, allAtOnce).run(failing('h1'));
    expect(fleet.targets[0]?.events.map((event) => event.status)).toEqual(['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded', 'Failed', 'Skipped', 'Skipped']);
  });

  test('a failed ApplicationStop is overlooked where the deployment says so', () => {
    expect(new Fleet(1, allAtOnce, true).run(stopFails).ended?.status).toBe('Succeeded');
    expect(new Fleet(1, allAtOnce, false).run(stopFails).ended?.status).toBe('Failed');
  });

  test('without targets fails', () => {
    expect(new Fleet(0, allAtOnce).run(failing()).ended).toEqual({ status: 'Failed', code: 'NO_INSTANCES' });
  });

  test('stopped: what runs ends its event, nothing else is started', () => {
    const fleet = new Fleet(2, oneAtATime);
    fleet.step();
    fleet.stopRequested = true;
    fleet.step();
    expect(fleet.statuses()).toBe('InProgress Skipped');
    fleet.report(() => false);
    fleet.step();
    expect(fleet.statuses()).toBe('Skipped Skipped');
    expect(fleet.ended).toEqual({ status: 'Stopped', code: 'MANUAL_STOP' });
    expect(fleet.history).toEqual(['h1:ApplicationStop']);
  });

  test('decided twice without news, does nothing the second time', () => {
    const fleet = new Fleet(3, halfAtATime);
    fleet.step();
    const before = fleet.history.length;
    fleet.step();
    expect(fleet.history).toHaveLength(before);
  });

  test('any fleet with any failures ends, with every target in a final state', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      let state = seed;
      const random = (): number => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        return state / 2_147_483_648;
      };
      const minimum: MinimumHealthy = { type: 'FLEET_PERCENT', value: Math.floor(random() * 100) };
      const size = 1 + Math.floor(random() * 9);
      const fleet = new Fleet(size, minimum).run(() => random() < 0.05);
      expect(fleet.ended).toBeDefined();
      expect(fleet.most).toBeLessThanOrEqual(mostOutOfService(minimum, size));
      expect(fleet.targets.every((target) => ['Succeeded', 'Failed', 'Skipped'].includes(target.status))).toBe(true);
    }
  });
});
