import { describe, expect, test } from 'vitest';
import { apply, decide, nextDeadline } from './decide.ts';
import type { ActionFacts, ActionStatus, Command, ExecutionFacts, ExecutionMode, PipelineFacts, StageFacts } from './decide.ts';

const stage = (name: string, actions: Record<string, number> = { [`${name}Action`]: 1 }, open = true): StageFacts =>
  ({ name, open, actions: Object.entries(actions).map(([action, runOrder]) => ({ name: action, runOrder })) });

const execution = (id: string, over: Partial<ExecutionFacts> = {}): ExecutionFacts =>
  ({ id, version: 1, mode: 'SUPERSEDED', stage: 0, place: 'waiting', actions: [], ...over });

const inside = (id: string, at: number, actions: Record<string, ActionStatus>, over: Partial<ExecutionFacts> = {}): ExecutionFacts =>
  execution(id, { stage: at, place: 'inside', actions: Object.entries(actions).map(([name, status]) => ({ name, status })), ...over });

const building = (mode: ExecutionMode): ExecutionFacts => inside('old', 1, { BuildAction: 'InProgress' }, { mode });

const waiting = (id: string, mode: ExecutionMode): ExecutionFacts => execution(id, { stage: 1, mode });

const pipeline = (executions: readonly ExecutionFacts[], over: Partial<PipelineFacts> = {}): PipelineFacts =>
  ({ version: 1, now: 1000, stages: [stage('Source'), stage('Build'), stage('Deploy')], executions, ...over });

const brief = (commands: readonly Command[]): string[] => commands.map((command) => {
  const where = 'action' in command ? ` ${command.action}` : 'stage' in command ? ` ${command.stage}` : '';
  return `${command.execution} ${command.do}${where}${'status' in command ? ` ${command.status}` : ''}`;
});

describe('a single execution', () => {
  const cases: readonly [string, PipelineFacts, readonly string[]][] = [
    ['enters the first stage and starts its actions', pipeline([execution('a')]), ['a enterStage 0', 'a startAction SourceAction']],
    ['waits for an action in progress', pipeline([inside('a', 0, { SourceAction: 'InProgress' })]), []],
    ['goes through the door of the next stage in the same step', pipeline([inside('a', 0, { SourceAction: 'Succeeded' })]),
      ['a endStage 0 Succeeded', 'a advance 1', 'a enterStage 1', 'a startAction BuildAction']],
    ['succeeds with its last stage', pipeline([inside('a', 2, { DeployAction: 'Succeeded' })]), ['a endStage 2 Succeeded', 'a end Succeeded']],
    ['fails with its stage', pipeline([inside('a', 1, { BuildAction: 'Failed' })]), ['a endStage 1 Failed', 'a end Failed']],
    ['waits at a closed door', pipeline([inside('a', 0, { SourceAction: 'Succeeded' })], { stages: [stage('Source'), stage('Build', undefined, false)] }),
      ['a endStage 0 Succeeded', 'a advance 1']],
    ['fails an action that reaches its deadline', pipeline([execution('a', { stage: 1, place: 'inside', actions: [{ name: 'BuildAction', status: 'InProgress', deadline: 1000 }] })]),
      ['a timeOutAction BuildAction', 'a endStage 1 Failed', 'a end Failed']],
  ];
  test.each(cases)('%s', (_name, facts, expected) => expect(brief(decide(facts))).toEqual(expected));
});

describe('run orders', () => {
  const stages = [stage('S', { a: 1, b: 1, c: 2, d: 5 })];
  const cases: readonly [string, Record<string, ActionStatus>, readonly string[]][] = [
    ['actions of one run order start together', {}, ['e startAction a', 'e startAction b']],
    ['the next run order waits for all of the one before', { a: 'Succeeded', b: 'InProgress' }, []],
    ['the next run order starts when all of the one before succeeded', { a: 'Succeeded', b: 'Succeeded' }, ['e startAction c']],
    ['numbers may be left out', { a: 'Succeeded', b: 'Succeeded', c: 'Succeeded' }, ['e startAction d']],
    ['an action beside a failed one is allowed to finish', { a: 'Failed', b: 'InProgress' }, []],
    ['a failure keeps later run orders from starting', { a: 'Failed', b: 'Succeeded' }, ['e endStage 0 Failed', 'e end Failed']],
    ['a retried action starts again while the succeeded ones stay', { a: 'Succeeded' }, ['e startAction b']],
  ];
  test.each(cases)('%s', (_name, actions, expected) => expect(brief(decide(pipeline([inside('e', 0, actions)], { stages })))).toEqual(expected));
});

describe('several executions', () => {
  const cases: readonly [string, PipelineFacts, readonly string[]][] = [
    ['SUPERSEDED: one waits while another holds the stage', pipeline([building('SUPERSEDED'), waiting('new', 'SUPERSEDED')]), []],
    ['SUPERSEDED: a newer one that waits supersedes an older one that waits',
      pipeline([building('SUPERSEDED'), waiting('mid', 'SUPERSEDED'), waiting('new', 'SUPERSEDED')]), ['mid end Superseded']],
    ['SUPERSEDED: an older one inside is not superseded and its end lets the newer in',
      pipeline([inside('old', 1, { BuildAction: 'Succeeded' }), waiting('new', 'SUPERSEDED')]),
      ['old endStage 1 Succeeded', 'old advance 2', 'old enterStage 2', 'old startAction DeployAction', 'new enterStage 1', 'new startAction BuildAction']],
    ['SUPERSEDED: a failed stage is free for the next',
      pipeline([inside('old', 1, { BuildAction: 'Failed' }), waiting('new', 'SUPERSEDED')]),
      ['old endStage 1 Failed', 'old end Failed', 'new enterStage 1', 'new startAction BuildAction']],
    ['SUPERSEDED: a closed door supersedes as well',
      pipeline([waiting('old', 'SUPERSEDED'), waiting('new', 'SUPERSEDED')], { stages: [stage('Source'), stage('Build', undefined, false)] }), ['old end Superseded']],
    ['QUEUED: they enter in the order of their start and none is superseded',
      pipeline([waiting('one', 'QUEUED'), waiting('two', 'QUEUED')]), ['one enterStage 1', 'one startAction BuildAction']],
    ['QUEUED: the next waits for the stage', pipeline([building('QUEUED'), waiting('new', 'QUEUED')]), []],
    ['PARALLEL: stages are not locked',
      pipeline([building('PARALLEL'), waiting('new', 'PARALLEL')]), ['new enterStage 1', 'new startAction BuildAction']],
  ];
  test.each(cases)('%s', (_name, facts, expected) => expect(brief(decide(facts))).toEqual(expected));
});

describe('stop and update', () => {
  const stopped = { stopping: 'wait' } as const;
  const abandoned = { stopping: 'abandon' } as const;
  const cases: readonly [string, PipelineFacts, readonly string[]][] = [
    ['stop: one that waits stops at once', pipeline([execution('a', stopped)]), ['a end Stopped']],
    ['stop and wait: an action in progress finishes first', pipeline([inside('a', 1, { BuildAction: 'InProgress' }, stopped)]), []],
    ['stop and wait: the stage stops when the action has finished', pipeline([inside('a', 1, { BuildAction: 'Succeeded' }, stopped)]),
      ['a endStage 1 Stopped', 'a end Stopped']],
    ['stop and abandon: actions in progress are abandoned', pipeline([inside('a', 1, { BuildAction: 'InProgress' }, abandoned)]),
      ['a abandonAction BuildAction', 'a endStage 1 Stopped', 'a end Stopped']],
    ['update: an execution of an earlier version is cancelled', pipeline([inside('a', 1, { BuildAction: 'InProgress' }), execution('b', { version: 2 })], { version: 2 }),
      ['a abandonAction BuildAction', 'a endStage 1 Cancelled', 'a end Cancelled', 'b enterStage 0', 'b startAction SourceAction']],
  ];
  test.each(cases)('%s', (_name, facts, expected) => expect(brief(decide(facts))).toEqual(expected));
});

test('nextDeadline: the nearest of the actions in progress', () => {
  const actions: ActionFacts[] = [{ name: 'x', status: 'InProgress', deadline: 50 }, { name: 'y', status: 'InProgress', deadline: 20 }, { name: 'z', status: 'Failed', deadline: 1 }];
  expect(nextDeadline(pipeline([execution('a', { place: 'inside', actions })]))).toBe(20);
  expect(nextDeadline(pipeline([execution('a')]))).toBeUndefined();
});

/** A small deterministic generator, so that a failing walk can be repeated from its seed. */
function random(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Walk { facts: PipelineFacts; history: string[]; ended: Map<string, string>; entered: Map<number, string[]> }

function step(walk: Walk): void {
  const commands = decide(walk.facts);
  for (const command of commands) {
    if (command.do === 'enterStage') walk.entered.set(command.stage, [...walk.entered.get(command.stage) ?? [], command.execution]);
    if (command.do === 'end') {
      expect(walk.ended.has(command.execution), 'an execution ends once').toBe(false);
      walk.ended.set(command.execution, command.status);
    }
    walk.facts = apply(walk.facts, command);
    checkLocks(walk.facts);
  }
  walk.history.push(...brief(commands));
  expect(decide(walk.facts), 'deciding again changes nothing').toEqual([]);
}

function checkLocks(facts: PipelineFacts): void {
  for (let at = 0; at < facts.stages.length; at += 1) {
    const holders = facts.executions.filter((it) => it.place === 'inside' && it.stage === at && it.mode !== 'PARALLEL');
    expect(holders.length, `one execution in stage ${at}`).toBeLessThanOrEqual(1);
  }
}

function disturb(walk: Walk, pick: (below: number) => number, mode: ExecutionMode, count: { started: number }): void {
  const { facts } = walk;
  const target = facts.executions[pick(facts.executions.length || 1)];
  const change = (over: Partial<ExecutionFacts>): void => {
    walk.facts = { ...facts, executions: facts.executions.map((it) => (it === target ? { ...it, ...over } : it)) };
  };
  const kind = pick(10);
  if (kind < 2 && count.started < 12) {
    walk.facts = { ...facts, executions: [...facts.executions, execution(String(count.started), { mode, version: facts.version })] };
    count.started += 1;
  } else if (kind < 7 && target) {
    const running = target.actions.filter((action) => action.status === 'InProgress');
    const chosen = running[pick(running.length || 1)];
    const status = pick(6) === 0 ? 'Failed' : 'Succeeded';
    change({ actions: target.actions.map((action) => (action === chosen ? { ...action, status } : action)) });
  } else if (kind === 7 && target) {
    change({ stopping: pick(2) === 0 ? 'wait' : 'abandon' });
  } else if (kind === 8) {
    const at = 1 + pick(facts.stages.length - 1);
    walk.facts = { ...facts, stages: facts.stages.map((it, index) => (index === at ? { ...it, open: !it.open } : it)) };
  } else if (kind === 9 && pick(8) === 0) {
    walk.facts = { ...facts, version: facts.version + 1 };
  }
}

test.each<ExecutionMode>(['SUPERSEDED', 'QUEUED', 'PARALLEL'])('%s: 100 random walks keep the locks, the order and come to an end', (mode) => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const pick = random(seed);
    const walk: Walk = { facts: pipeline([], { stages: [stage('S'), stage('B', { x: 1, y: 1, z: 2 }), stage('D')] }), history: [], ended: new Map(), entered: new Map() };
    const count = { started: 0 };
    for (let turn = 0; turn < 120; turn += 1) {
      disturb(walk, pick, mode, count);
      step(walk);
    }
    walk.facts = { ...walk.facts, stages: walk.facts.stages.map((it) => ({ ...it, open: true })) };
    for (let turn = 0; walk.facts.executions.length > 0; turn += 1) {
      expect(turn, `seed ${seed} ends`).toBeLessThan(500);
      walk.facts = { ...walk.facts, executions: walk.facts.executions.map((it) => ({
        ...it, actions: it.actions.map((action) => (action.status === 'InProgress' ? { ...action, status: 'Succeeded' as const } : action)),
      })) };
      step(walk);
    }
    expect(walk.ended.size, `seed ${seed} ends every execution`).toBe(count.started);
    if (mode !== 'PARALLEL') {
      for (const order of walk.entered.values()) expect(order.map(Number), `seed ${seed}: no overtaking`).toEqual(order.map(Number).toSorted((a, b) => a - b));
    }
    if (mode !== 'SUPERSEDED') expect([...walk.ended.values()]).not.toContain('Superseded');
  }
});
