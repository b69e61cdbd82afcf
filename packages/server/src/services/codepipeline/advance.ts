import type { PipelineDeclaration } from '@slipway/contracts/codepipeline';
import type { Jobs, JobRun } from '../../engine/jobs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { uuid } from '../../kernel/ids.ts';
import { decide, nextDeadline } from './decide.ts';
import type { Command, PipelineFacts } from './decide.ts';
import type { ActionState, Events, PipelineState } from './events.ts';
import { ACTION } from './names.ts';
import type { Providers } from './providers/index.ts';
import { definitionOf } from './store.ts';
import type { ActionRow, ExecutionRow, PipelineRow, PipelineTables, StageRow } from './store.ts';

export interface AdvanceDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly rows: PipelineTables;
  readonly events: Events;
  readonly providers: Providers;
}

/**
 * A pipeline's job: reads its executions, asks `decide`, applies the commands in the same transaction. It calls nobody:
 * each started action has a job of its own that does the work and wakes this one when it ends.
 */
export function advancePipeline(deps: AdvanceDeps) {
  return async (run: JobRun): Promise<void> => {
    const due = await deps.db.transaction(async (tx) => {
      await run.fence(tx);
      const pipeline = await deps.rows.lockPipeline(tx, run.key, run.key.id);
      if (pipeline === undefined) return undefined;
      const step = await readStep(deps, tx, pipeline);
      for (const command of decide(step.facts)) await applyCommand(deps, tx, step, command);
      await deps.rows.updatePipeline(tx, pipeline);
      return nextDeadline((await readStep(deps, tx, pipeline)).facts);
    });
    if (due !== undefined) run.again(due);
  };
}

interface Step {
  readonly pipeline: PipelineRow;
  readonly definition: PipelineDeclaration;
  readonly executions: ReadonlyMap<string, ExecutionRow>;
  readonly facts: PipelineFacts;
  readonly now: number;
}

async function readStep({ rows, clock }: AdvanceDeps, tx: Transaction, pipeline: PipelineRow): Promise<Step> {
  const definition = definitionOf(pipeline);
  const executions = await rows.inFlight(tx, pipeline, pipeline.name);
  const closed = new Set((await rows.transitions(pipeline, pipeline.name, tx)).filter((it) => it.enabled === 0).map((it) => `${it.direction}/${it.stage}`));
  const actions = await Promise.all(executions.map(async (row) => {
    const stage = definitionStage(await definitionFor(rows, tx, { pipeline, definition }, row), row);
    return row.place === 'inside' ? (await rows.actions(row, row.pipeline, row.id, tx)).filter((action) => action.stage === stage) : [];
  }));
  const facts: PipelineFacts = {
    now: clock.now(), version: pipeline.version,
    stages: definition.stages.map(({ name, actions }, index) => ({
      name, open: !closed.has(`Inbound/${name}`) && !closed.has(`Outbound/${definition.stages[index - 1]?.name}`),
      actions: actions.map((action) => ({ name: action.name, runOrder: action.runOrder ?? 1 })),
    })),
    executions: executions.map((row, index) => ({
      id: row.id, version: row.version, mode: row.mode, stage: row.stage, place: row.place, stopping: row.stopping ?? undefined,
      actions: (actions[index] ?? []).map((action) => ({ name: action.action, status: action.status, deadline: action.deadline ?? undefined })),
    })),
  };
  return { pipeline, definition, executions: new Map(executions.map((row) => [row.id, { ...row }])), facts, now: facts.now };
}

const definitionStage = (definition: PipelineDeclaration, row: ExecutionRow): string | undefined => definition.stages[row.stage]?.name;

async function applyCommand(deps: AdvanceDeps, tx: Transaction, step: Step, command: Command): Promise<void> {
  const { rows, events } = deps;
  const execution = step.executions.get(command.execution) as ExecutionRow;
  const change = async (values: Partial<ExecutionRow>): Promise<void> => {
    Object.assign(execution, values, { updated: step.now });
    await rows.updateExecution(tx, execution, { ...values, updated: step.now });
  };
  switch (command.do) {
    case 'enterStage':
      await change({ place: 'inside' });
      await putStage(deps, tx, step, execution, 'InProgress');
      return events.stage(tx, execution, await stageName(deps, tx, step, execution), 'STARTED');
    case 'advance':
      return change({ place: 'waiting', stage: command.stage });
    case 'startAction':
      return startAction(deps, tx, step, execution, command.action);
    case 'timeOutAction':
      return endAction(deps, tx, step, execution, command.action, { status: 'Failed', error_code: 'JobFailed', error_message: 'The action failed because it was not completed within its timeout.' }, 'FAILED');
    case 'abandonAction':
      return endAction(deps, tx, step, execution, command.action, { status: 'Abandoned', summary: command.why === 'updated' ? 'The pipeline structure was updated.' : null }, command.why === 'updated' ? 'CANCELED' : 'ABANDONED');
    case 'endStage':
      await putStage(deps, tx, step, execution, command.status);
      return events.stage(tx, execution, await stageName(deps, tx, step, execution), stateOf(command.status));
    case 'end':
      await change({ status: command.status, status_summary: summaryOf(command) });
      return events.pipeline(tx, execution, stateOf(command.status));
  }
}

/** An execution of an earlier version is in that version's stage. */
async function stageName({ rows }: AdvanceDeps, tx: Transaction, step: Step, execution: ExecutionRow): Promise<string> {
  const definition = await definitionFor(rows, tx, step, execution);
  return definitionStage(definition, execution) as string;
}

async function definitionFor(rows: PipelineTables, tx: Transaction, step: Pick<Step, 'pipeline' | 'definition'>, execution: ExecutionRow): Promise<PipelineDeclaration> {
  if (execution.version === step.pipeline.version) return step.definition;
  const version = await rows.version(step.pipeline, step.pipeline.name, execution.version, tx);
  if (version === undefined) throw new Error(`pipeline ${step.pipeline.name} has no version ${execution.version}`);
  return definitionOf(version);
}

async function putStage(deps: AdvanceDeps, tx: Transaction, step: Step, execution: ExecutionRow, status: StageRow['status']): Promise<void> {
  const { account, region, pipeline, id } = execution;
  step.pipeline.next_ordinal += 1;
  await deps.rows.putStage(tx, {
    account, region, pipeline, execution: id, stage: await stageName(deps, tx, step, execution),
    ordinal: step.pipeline.next_ordinal, status, started: step.now, updated: step.now,
  });
}

async function startAction(deps: AdvanceDeps, tx: Transaction, step: Step, execution: ExecutionRow, name: string): Promise<void> {
  const stage = step.definition.stages[execution.stage];
  const declared = stage?.actions.find((action) => action.name === name);
  if (stage === undefined || declared === undefined) throw new Error(`pipeline ${step.pipeline.name} has no action ${name}`);
  step.pipeline.next_ordinal += 1;
  const { account, region, pipeline } = execution;
  const minutes = declared.timeoutInMinutes ?? deps.providers(declared.actionTypeId)?.timeoutMinutes;
  const row: ActionRow = {
    account, region, id: uuid(), pipeline, execution: execution.id, version: execution.version, stage: stage.name, action: name,
    ordinal: step.pipeline.next_ordinal, status: 'InProgress', latest: 1, started: step.now, updated: step.now, updated_by: null,
    deadline: minutes === undefined ? null : step.now + minutes * 60_000,
    token: declared.actionTypeId.category === 'Approval' ? uuid() : null,
    prepared: null, external_id: null, external_url: null, summary: null, error_code: null, error_message: null, outputs: null, variables: null, revision: null,
  };
  await deps.rows.insertAction(tx, row);
  await deps.events.action(tx, execution, row, declared, 'STARTED');
  await deps.jobs.wake(tx, { kind: ACTION, account, region, id: row.id });
}

async function endAction(deps: AdvanceDeps, tx: Transaction, step: Step, execution: ExecutionRow, name: string, end: Partial<ActionRow>, state: ActionState): Promise<void> {
  const definition = await definitionFor(deps.rows, tx, step, execution);
  const running = (await deps.rows.actions(execution, execution.pipeline, execution.id, tx))
    .find((action) => action.action === name && action.stage === definitionStage(definition, execution) && action.status === 'InProgress');
  const declared = definition.stages[execution.stage]?.actions.find((action) => action.name === name);
  const ended = running && await deps.rows.updateAction(tx, running, { ...end, updated: step.now });
  if (ended === undefined || declared === undefined) return;
  await deps.events.action(tx, execution, ended, declared, state);
  // Its own job gives up what it waits for.
  await deps.jobs.wake(tx, { kind: ACTION, account: ended.account, region: ended.region, id: ended.id });
}

function stateOf(status: Exclude<ExecutionRow['status'], 'InProgress'> | StageRow['status']): PipelineState {
  return status === 'Cancelled' ? 'CANCELED' : status.toUpperCase() as PipelineState;
}

function summaryOf(command: Extract<Command, { do: 'end' }>): string | null {
  if (command.status === 'Superseded') return `Superseded by execution ${command.by}.`;
  if (command.status === 'Cancelled') return 'The pipeline definition was updated before the execution could be completed.';
  return null;
}
