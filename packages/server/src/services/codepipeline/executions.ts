import type { CodePipelineApi } from '@slipway/contracts';
import type { PipelineVariable, SourceRevisionOverride, StartPipelineExecutionInput } from '@slipway/contracts/codepipeline';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { launch } from './launch.ts';
import type { LaunchDeps } from './launch.ts';
import { fail, noExecution, noPipeline } from './fail.ts';
import { PIPELINE } from './names.ts';
import { pagesOf } from './pages.ts';
import { definitionOf, parsed } from './store.ts';
import type { ActionRow, ExecutionRow, PipelineRow, Revision, StoredArtifact } from './store.ts';

export interface ExecutionDeps extends LaunchDeps {
  readonly db: Database;
  readonly paging: Paging;
}

/** Executions of pipelines. */
export function executions(deps: ExecutionDeps) {
  const { db, clock, jobs, rows, events } = deps;

  async function locked(tx: Transaction, call: Call, name: string): Promise<PipelineRow> {
    const row = await rows.lockPipeline(tx, call, name);
    if (row === undefined) throw noPipeline(call, name);
    return row;
  }

  async function required(call: Call, name: string): Promise<PipelineRow> {
    const row = await rows.pipeline(call, name);
    if (row === undefined) throw noPipeline(call, name);
    return row;
  }

  const sourceActions = async (row: ExecutionRow): Promise<ActionRow[]> =>
    (await rows.actions(row, row.pipeline, row.id)).filter((action) => action.revision !== null);

  return {
    async StartPipelineExecution(input, call) {
      const pipelineExecutionId = await db.transaction(async (tx) => {
        const pipeline = await locked(tx, call, input.name);
        const replayed = (call.once && await rows.executionBy(tx, call, input.name, 'replay_key', call.once))
          || (input.clientRequestToken && await rows.executionBy(tx, call, input.name, 'client_token', input.clientRequestToken));
        if (replayed) return replayed.id;
        return launch(deps, tx, pipeline, {
          trigger: triggerOf(call), clientToken: input.clientRequestToken, replayKey: call.once,
          overrides: checkedOverrides(pipeline, input.sourceRevisions ?? []), variables: resolvedVariables(pipeline, input),
        });
      });
      return { pipelineExecutionId };
    },

    async StopPipelineExecution({ pipelineName, pipelineExecutionId, abandon = false, reason }, call) {
      await db.transaction(async (tx) => {
        await locked(tx, call, pipelineName);
        const row = await rows.execution(call, pipelineName, pipelineExecutionId, tx);
        if (row === undefined) throw fail('PipelineExecutionNotStoppableException', `The pipeline execution ${pipelineExecutionId} does not exist.`);
        if (row.status === 'Stopping' && (row.stopping === 'abandon' || !abandon)) throw fail('DuplicatedStopRequestException', `The pipeline execution ${pipelineExecutionId} is already stopping.`);
        if (row.status !== 'InProgress' && row.status !== 'Stopping') throw fail('PipelineExecutionNotStoppableException', `The pipeline execution ${pipelineExecutionId} is in state ${row.status} and cannot be stopped.`);
        const change = { status: 'Stopping', stopping: abandon ? 'abandon' : 'wait', stop_reason: reason ?? null, updated: clock.now() } as const;
        await rows.updateExecution(tx, row, change);
        await events.pipeline(tx, { ...row, ...change }, 'STOPPING');
        await jobs.wake(tx, { kind: PIPELINE, account: call.account, region: call.region, id: pipelineName });
      });
      return { pipelineExecutionId };
    },

    /** Runs the failed stage again in the same execution: its failed actions, or all. */
    async RetryStageExecution({ pipelineName, stageName, pipelineExecutionId, retryMode }, call) {
      await db.transaction(async (tx) => {
        const pipeline = await locked(tx, call, pipelineName);
        const stage = definitionOf(pipeline).stages.findIndex((it) => it.name === stageName);
        if (stage < 0) throw noStage(pipelineName, stageName);
        const row = await rows.execution(call, pipelineName, pipelineExecutionId, tx);
        if (row === undefined) throw fail('NotLatestPipelineExecutionException', `The pipeline execution ${pipelineExecutionId} does not exist.`);
        const runs = await rows.stages(call, pipelineName, { stage: stageName }, tx);
        if (row.mode !== 'PARALLEL' && runs.at(-1)?.execution !== row.id) throw fail('NotLatestPipelineExecutionException', `The stage ${stageName} has been run by a later pipeline execution.`);
        const failed = runs.find((it) => it.execution === row.id)?.status;
        if (row.version !== pipeline.version) throw fail('StageNotRetryableException', 'The pipeline definition was updated after the execution was started.');
        if (row.status !== 'Failed' && row.status !== 'Stopped') throw fail('StageNotRetryableException', `The pipeline execution ${pipelineExecutionId} is in state ${row.status}.`);
        if (row.stage !== stage || (failed !== 'Failed' && failed !== 'Stopped')) throw fail('StageNotRetryableException', `The stage ${stageName} has not failed in the pipeline execution ${pipelineExecutionId}.`);
        await rows.forgetActions(tx, row, stageName, retryMode === 'ALL_ACTIONS' ? ['Failed', 'Abandoned', 'Succeeded'] : ['Failed', 'Abandoned']);
        const change = { status: 'InProgress', place: 'waiting', stopping: null, stop_reason: null, status_summary: null, attempt: row.attempt + 1, updated: clock.now() } as const;
        await rows.updateExecution(tx, row, change);
        await events.pipeline(tx, { ...row, ...change }, 'RESUMED');
        await jobs.wake(tx, { kind: PIPELINE, account: call.account, region: call.region, id: pipelineName });
      });
      return { pipelineExecutionId };
    },

    async GetPipelineExecution({ pipelineName, pipelineExecutionId }, call) {
      await required(call, pipelineName);
      const row = await rows.execution(call, pipelineName, pipelineExecutionId);
      if (row === undefined) throw noExecution(pipelineExecutionId);
      return {
        pipelineExecution: {
          pipelineName, pipelineVersion: row.version, pipelineExecutionId: row.id, status: row.status,
          ...(row.status_summary === null ? {} : { statusSummary: row.status_summary }),
          artifactRevisions: (await sourceActions(row)).flatMap((action) => artifactRevisions(action)),
          variables: (JSON.parse(row.variables) as PipelineVariable[]).map(({ name, value }) => ({ name, resolvedValue: value })),
          ...shared(row),
        },
      };
    },

    async ListPipelineExecutions({ pipelineName, maxResults = 100, nextToken, filter }, call) {
      await required(call, pipelineName);
      const stage = filter?.succeededInStage?.stageName;
      const ids = stage === undefined ? undefined : (await rows.stages(call, pipelineName, { stage, status: 'Succeeded' })).map((it) => it.execution);
      const limit = Math.min(maxResults, 100);
      const listing = pagesOf(deps.paging, call, 'ListPipelineExecutions', [pipelineName, stage]);
      const [before] = listing.read(nextToken) ?? [];
      const found = ids?.length === 0 ? [] : await rows.executions(call, pipelineName, { before: before === undefined ? undefined : Number(before), limit: limit + 1, ids });
      const { page, next } = listing.cut(found, limit, (row) => [row.ordinal]);
      return {
        pipelineExecutionSummaries: await Promise.all(page.map(async (row) => ({
          pipelineExecutionId: row.id, status: row.status, startTime: row.started, lastUpdateTime: row.updated,
          ...(row.status_summary === null ? {} : { statusSummary: row.status_summary }),
          sourceRevisions: (await sourceActions(row)).map((action) => {
            const { id, summary, url } = parsed<Revision>(action.revision, { id: '' });
            return { actionName: action.action, revisionId: id, revisionSummary: summary, revisionUrl: url };
          }),
          ...(row.stop_reason === null ? {} : { stopTrigger: { reason: row.stop_reason } }),
          ...shared(row),
        }))),
        nextToken: next,
      };
    },
  } satisfies Partial<Operations<CodePipelineApi>>;
}

export const noStage = (pipeline: string, stage: string) => fail('StageNotFoundException', `The pipeline '${pipeline}' does not have a stage named '${stage}'`);

function shared(row: ExecutionRow) {
  return {
    trigger: { triggerType: row.trigger_type as 'StartPipelineExecution', triggerDetail: row.trigger_detail },
    executionMode: row.mode, executionType: 'STANDARD' as const,
  };
}

function artifactRevisions(action: ActionRow) {
  const revision = parsed<Revision>(action.revision, { id: '' });
  return parsed<StoredArtifact[]>(action.outputs, []).map(({ name }) => ({
    name, revisionId: revision.id, revisionSummary: revision.summary, revisionUrl: revision.url, created: revision.created,
  }));
}

/** EventBridge starts pipelines for its rules, as AWS shows it. */
function triggerOf(call: Call): { type: 'CloudWatchEvent' | 'StartPipelineExecution'; detail: string } {
  const byRule = call.caller.invokedBy === 'events.amazonaws.com';
  return { type: byRule ? 'CloudWatchEvent' : 'StartPipelineExecution', detail: call.caller.arn };
}

function checkedOverrides(pipeline: PipelineRow, overrides: readonly SourceRevisionOverride[]): readonly SourceRevisionOverride[] {
  const sources = definitionOf(pipeline).stages[0]?.actions ?? [];
  for (const { actionName, revisionType } of overrides) {
    const action = sources.find((it) => it.name === actionName);
    if (action === undefined) throw fail('ValidationException', `The source action ${actionName} does not exist in the pipeline.`);
    const takes = action.actionTypeId.provider === 'S3' ? 'S3_OBJECT_VERSION_ID' : 'COMMIT_ID';
    if (revisionType !== takes) throw fail('ValidationException', `The revision type ${revisionType} is not supported for the source action ${actionName}: use ${takes}`);
  }
  return overrides;
}

function resolvedVariables(pipeline: PipelineRow, input: StartPipelineExecutionInput): PipelineVariable[] {
  const declared = definitionOf(pipeline).variables ?? [];
  const given = new Map((input.variables ?? []).map(({ name, value }) => [name, value]));
  const unknown = [...given.keys()].find((name) => !declared.some((it) => it.name === name));
  if (unknown !== undefined) throw fail('ValidationException', `The variable ${unknown} is not declared in the pipeline.`);
  return declared.map(({ name, defaultValue }) => {
    const value = given.get(name) ?? defaultValue;
    if (value === undefined) throw fail('ValidationException', `The variable ${name} has no default value and must be given.`);
    return { name, value };
  });
}
