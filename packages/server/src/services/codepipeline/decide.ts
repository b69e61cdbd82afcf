/**
 * The rules of pipeline executions, as pure functions over what is known of one pipeline.
 *
 * `decide(facts)` answers the commands that are due now, each applied to the facts before the next is looked for, so
 * that applying them all in order is one consistent step. Deciding again on the result answers nothing.
 */

export type ExecutionMode = 'SUPERSEDED' | 'QUEUED' | 'PARALLEL';
export type ActionStatus = 'InProgress' | 'Succeeded' | 'Failed' | 'Abandoned';
export type EndStatus = 'Succeeded' | 'Failed' | 'Stopped' | 'Superseded' | 'Cancelled';
export type StageEndStatus = 'Succeeded' | 'Failed' | 'Stopped' | 'Cancelled';

export interface PipelineFacts {
  readonly version: number;
  readonly stages: readonly StageFacts[];
  /** In flight only, in the order in which they were started. */
  readonly executions: readonly ExecutionFacts[];
  /** ms UTC */
  readonly now: number;
}

export interface StageFacts {
  readonly name: string;
  /** False while the transition into the stage, or out of the one before it, is disabled. */
  readonly open: boolean;
  readonly actions: readonly { readonly name: string; readonly runOrder: number }[];
}

export interface ExecutionFacts {
  readonly id: string;
  /** The pipeline's version when it was started. */
  readonly version: number;
  readonly mode: ExecutionMode;
  /** The index of the stage that it is in or waits to enter. */
  readonly stage: number;
  /** `waiting` for the stage's lock or transition; `inside` holds the lock. */
  readonly place: 'waiting' | 'inside';
  readonly stopping?: 'wait' | 'abandon';
  /** The latest attempt of each action of the stage that it is inside. */
  readonly actions: readonly ActionFacts[];
}

export interface ActionFacts {
  readonly name: string;
  readonly status: ActionStatus;
  /** ms UTC; an action in progress fails when it is reached. */
  readonly deadline?: number;
}

export type Command =
  | { readonly do: 'enterStage'; readonly execution: string; readonly stage: number }
  | { readonly do: 'startAction'; readonly execution: string; readonly stage: number; readonly action: string }
  | { readonly do: 'timeOutAction'; readonly execution: string; readonly stage: number; readonly action: string }
  | { readonly do: 'abandonAction'; readonly execution: string; readonly stage: number; readonly action: string; readonly why: 'stopped' | 'updated' }
  | { readonly do: 'endStage'; readonly execution: string; readonly stage: number; readonly status: StageEndStatus }
  /** From a stage that succeeded to the door of the next. */
  | { readonly do: 'advance'; readonly execution: string; readonly stage: number }
  | { readonly do: 'end'; readonly execution: string; readonly status: EndStatus; readonly by?: string };

export function decide(facts: PipelineFacts): Command[] {
  const commands: Command[] = [];
  let known = facts;
  for (let next = nextCommands(known); next.length > 0; next = nextCommands(known)) {
    for (const command of next) {
      commands.push(command);
      known = apply(known, command);
    }
  }
  return commands;
}

/** When the facts alone make another decision due: the nearest deadline of an action in progress. */
export function nextDeadline(facts: PipelineFacts): number | undefined {
  const deadlines = facts.executions.flatMap((execution) => execution.actions)
    .filter((action) => action.status === 'InProgress').map((action) => action.deadline ?? Infinity);
  const nearest = Math.min(Infinity, ...deadlines);
  return nearest === Infinity ? undefined : nearest;
}

/** The facts as they are after a command. A started action gets its deadline from whoever starts it. */
export function apply(facts: PipelineFacts, command: Command): PipelineFacts {
  if (command.do === 'end') return { ...facts, executions: facts.executions.filter((it) => it.id !== command.execution) };
  return { ...facts, executions: facts.executions.map((it) => (it.id === command.execution ? changed(it, command) : it)) };
}

function changed(execution: ExecutionFacts, command: Exclude<Command, { do: 'end' }>): ExecutionFacts {
  switch (command.do) {
    case 'enterStage': return { ...execution, place: 'inside', actions: [] };
    case 'advance': return { ...execution, place: 'waiting', stage: command.stage, actions: [] };
    case 'startAction': return { ...execution, actions: [...execution.actions, { name: command.action, status: 'InProgress' }] };
    case 'timeOutAction': return withAction(execution, command.action, 'Failed');
    case 'abandonAction': return withAction(execution, command.action, 'Abandoned');
    case 'endStage': return execution;
  }
}

function withAction(execution: ExecutionFacts, name: string, status: ActionStatus): ExecutionFacts {
  return { ...execution, actions: execution.actions.map((action) => (action.name === name ? { ...action, status } : action)) };
}

/** The commands of the first rule that has something to say; none when everything waits for the world. */
function nextCommands(facts: PipelineFacts): readonly Command[] {
  for (const execution of facts.executions) {
    const commands = timeOut(execution, facts.now) ?? halt(execution, facts.version)
      ?? (execution.place === 'inside' ? proceed(execution, facts) : undefined);
    if (commands !== undefined) return commands;
  }
  // Later stages first: an execution that leaves a stage's door may let another come up to it.
  for (let stage = facts.stages.length - 1; stage >= 0; stage -= 1) {
    const commands = atDoor(facts, stage);
    if (commands !== undefined) return commands;
  }
  return [];
}

function timeOut(execution: ExecutionFacts, now: number): readonly Command[] | undefined {
  const late = execution.actions.find((action) => action.status === 'InProgress' && action.deadline !== undefined && action.deadline <= now);
  return late && [{ do: 'timeOutAction', execution: execution.id, stage: execution.stage, action: late.name }];
}

/** What ends an execution from outside: an update of the pipeline, or a stop. */
function halt(execution: ExecutionFacts, version: number): readonly Command[] | undefined {
  const updated = execution.version !== version;
  if (!updated && execution.stopping === undefined) return undefined;
  const status = updated ? 'Cancelled' : 'Stopped';
  const { id, stage } = execution;
  if (execution.place === 'waiting') return [{ do: 'end', execution: id, status }];
  const running = execution.actions.filter((action) => action.status === 'InProgress');
  if (!updated && execution.stopping === 'wait' && running.length > 0) return undefined;
  return [
    ...running.map((action) => ({ do: 'abandonAction', execution: id, stage, action: action.name, why: updated ? 'updated' : 'stopped' }) as const),
    { do: 'endStage', execution: id, stage, status },
    { do: 'end', execution: id, status },
  ];
}

function proceed(execution: ExecutionFacts, facts: PipelineFacts): readonly Command[] | undefined {
  const { id, stage } = execution;
  // Actions that run beside a failed one are allowed to finish; nothing more is started while a stop waits for them.
  if (execution.actions.some((action) => action.status === 'InProgress')) {
    return execution.stopping === undefined && !failed(execution) ? due(execution, facts) : undefined;
  }
  if (failed(execution)) {
    return [{ do: 'endStage', execution: id, stage, status: 'Failed' }, { do: 'end', execution: id, status: 'Failed' }];
  }
  const starts = due(execution, facts);
  if (starts !== undefined) return starts;
  return [
    { do: 'endStage', execution: id, stage, status: 'Succeeded' },
    stage + 1 < facts.stages.length ? { do: 'advance', execution: id, stage: stage + 1 } : { do: 'end', execution: id, status: 'Succeeded' },
  ];
}

function failed(execution: ExecutionFacts): boolean {
  return execution.actions.some((action) => action.status === 'Failed' || action.status === 'Abandoned');
}

/** The not yet started actions of the lowest run order that is not done. */
function due(execution: ExecutionFacts, facts: PipelineFacts): readonly Command[] | undefined {
  const declared = facts.stages[execution.stage]?.actions ?? [];
  const status = new Map(execution.actions.map((action) => [action.name, action.status]));
  const open = declared.filter((action) => status.get(action.name) !== 'Succeeded');
  const runOrder = Math.min(...open.map((action) => action.runOrder));
  const starts = open.filter((action) => action.runOrder === runOrder && !status.has(action.name))
    .map((action) => ({ do: 'startAction', execution: execution.id, stage: execution.stage, action: action.name }) as const);
  return starts.length > 0 ? starts : undefined;
}

function atDoor(facts: PipelineFacts, stage: number): readonly Command[] | undefined {
  const waiting = facts.executions.filter((execution) => execution.place === 'waiting' && execution.stage === stage);
  const newest = waiting.findLast((execution) => execution.mode === 'SUPERSEDED');
  const outdated = waiting.find((execution) => execution.mode === 'SUPERSEDED' && execution !== newest);
  if (outdated && newest) return [{ do: 'end', execution: outdated.id, status: 'Superseded', by: newest.id }];
  if (facts.stages[stage]?.open === false) return undefined;
  const locked = facts.executions.some((execution) => execution.place === 'inside' && execution.stage === stage && execution.mode !== 'PARALLEL');
  const next = waiting.find((execution) => execution.mode === 'PARALLEL' || !locked);
  return next && [{ do: 'enterStage', execution: next.id, stage }];
}
