import type { CodePipelineApi } from '@slipway/contracts';
import type { ActionExecution, ActionState, StageState } from '@slipway/contracts/codepipeline';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Jobs } from '../../engine/jobs.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import type { Events } from './events.ts';
import { noStage } from './executions.ts';
import { fail, noPipeline } from './fail.ts';
import { PIPELINE } from './names.ts';
import { definitionOf, parsed } from './store.ts';
import type { ActionRow, PipelineRow, PipelineTables, Revision, TransitionRow } from './store.ts';

export interface StateDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly rows: PipelineTables;
  readonly events: Events;
}

/** How a pipeline stands, and what people do to it while it runs: transitions and approvals. */
export function state(deps: StateDeps) {
  const { db, clock, jobs, rows, events } = deps;

  async function setTransition(call: Call, input: { pipelineName: string; stageName: string; transitionType: TransitionRow['direction'] }, enabled: boolean, reason: string | null): Promise<Record<string, never>> {
    const { account, region } = call;
    const { pipelineName: pipeline, stageName: stage, transitionType: direction } = input;
    await db.transaction(async (tx) => {
      const row = await rows.lockPipeline(tx, call, pipeline);
      if (row === undefined) throw noPipeline(call, pipeline);
      if (!definitionOf(row).stages.some((it) => it.name === stage)) throw noStage(pipeline, stage);
      await rows.setTransition(tx, { account, region, pipeline, stage, direction, enabled: enabled ? 1 : 0, reason, changed_by: call.caller.arn, changed: clock.now() });
      await jobs.wake(tx, { kind: PIPELINE, account, region, id: pipeline });
    });
    return {};
  }

  async function stageState(pipeline: PipelineRow, index: number, transitions: readonly TransitionRow[], waiting: readonly { id: string }[]): Promise<StageState> {
    const stages = definitionOf(pipeline).stages;
    const stage = stages[index];
    if (stage === undefined) throw new Error(`pipeline ${pipeline.name} has no stage ${index}`);
    const latest = await rows.latestStage(pipeline, pipeline.name, stage.name);
    const closed = transitions.find((it) => it.enabled === 0 && ((it.direction === 'Inbound' && it.stage === stage.name) || (it.direction === 'Outbound' && it.stage === stages[index - 1]?.name)));
    const changed = closed ?? transitions.find((it) => it.direction === 'Inbound' && it.stage === stage.name);
    const inbound = waiting.map(({ id }) => ({ pipelineExecutionId: id, status: 'InProgress' as const, type: 'STANDARD' as const }));
    return {
      stageName: stage.name,
      ...(inbound.length > 0 ? { inboundExecution: inbound.at(-1), inboundExecutions: inbound } : {}),
      inboundTransitionState: {
        enabled: closed === undefined, ...(changed ? { lastChangedBy: changed.changed_by, lastChangedAt: changed.changed } : {}),
        ...(closed?.reason ? { disabledReason: closed.reason } : {}),
      },
      actionStates: await Promise.all(stage.actions.map(async ({ name }) => actionState(name, await rows.latestAction(pipeline, pipeline.name, stage.name, name)))),
      ...(latest ? { latestExecution: { pipelineExecutionId: latest.execution, status: latest.status, type: 'STANDARD' as const } } : {}),
    };
  }

  return {
    async GetPipelineState({ name }, call) {
      const pipeline = await rows.pipeline(call, name);
      if (pipeline === undefined) throw noPipeline(call, name);
      const [transitions, recent] = await Promise.all([rows.transitions(call, name), rows.executions(call, name, { limit: 100 })]);
      const waiting = recent.filter((it) => (it.status === 'InProgress' || it.status === 'Stopping') && it.place === 'waiting').toReversed();
      const stages = definitionOf(pipeline).stages;
      return {
        pipelineName: name, pipelineVersion: pipeline.version, created: pipeline.created, updated: pipeline.updated,
        stageStates: await Promise.all(stages.map((_, index) => stageState(pipeline, index, transitions, waiting.filter((it) => it.stage === index)))),
      };
    },

    EnableStageTransition: (input, call) => setTransition(call, input, true, null),
    DisableStageTransition: (input, call) => setTransition(call, input, false, input.reason),

    async PutApprovalResult({ pipelineName, stageName, actionName, result, token }, call) {
      const now = clock.now();
      await db.transaction(async (tx) => {
        const pipeline = await rows.lockPipeline(tx, call, pipelineName);
        if (pipeline === undefined) throw noPipeline(call, pipelineName);
        const stage = definitionOf(pipeline).stages.find((it) => it.name === stageName);
        if (stage === undefined) throw noStage(pipelineName, stageName);
        const declared = stage.actions.find((it) => it.name === actionName && it.actionTypeId.category === 'Approval');
        if (declared === undefined) throw fail('ActionNotFoundException', `The approval action '${actionName}' does not exist in stage '${stageName}' of pipeline '${pipelineName}'`);
        const row = await rows.approval(tx, call, pipelineName, token);
        if (row === undefined || row.stage !== stageName || row.action !== actionName) throw fail('InvalidApprovalTokenException', 'The approval token is not valid for the approval action.');
        const approved = result.status === 'Approved';
        const ended = await rows.updateAction(tx, row, {
          status: approved ? 'Succeeded' : 'Failed', summary: result.summary, updated: now, updated_by: call.caller.arn,
          ...(approved ? {} : { error_code: 'JobFailed', error_message: `Rejected by ${call.caller.arn}: ${result.summary}` }),
        });
        if (ended === undefined) throw fail('ApprovalAlreadyCompletedException', 'The approval action has already been approved or rejected.');
        const execution = await rows.execution(call, pipelineName, row.execution, tx);
        if (execution === undefined) throw new Error(`action execution ${row.id} has no pipeline execution`);
        await events.action(tx, execution, ended, declared, approved ? 'SUCCEEDED' : 'FAILED');
        await jobs.wake(tx, { kind: PIPELINE, account: call.account, region: call.region, id: pipelineName });
      });
      return { approvedAt: now };
    },
  } satisfies Partial<Operations<CodePipelineApi>>;
}

function actionState(actionName: string, row: ActionRow | undefined): ActionState {
  if (row === undefined) return { actionName };
  const revision = parsed<Revision | undefined>(row.revision, undefined);
  return {
    actionName, latestExecution: shown(row),
    ...(revision ? { currentRevision: { revisionId: revision.id, revisionChangeId: revision.id, created: revision.created ?? row.started } } : {}),
  };
}

function shown(row: ActionRow): ActionExecution {
  return {
    actionExecutionId: row.id, status: row.status, lastStatusChange: row.updated,
    ...(row.summary === null ? {} : { summary: row.summary }),
    ...(row.token !== null && row.status === 'InProgress' ? { token: row.token } : {}),
    ...(row.updated_by === null ? {} : { lastUpdatedBy: row.updated_by }),
    ...(row.external_id === null ? {} : { externalExecutionId: row.external_id }),
    ...(row.external_url === null ? {} : { externalExecutionUrl: row.external_url }),
    ...(row.error_code === null ? {} : { errorDetails: { code: row.error_code, message: row.error_message ?? '' } }),
  };
}
