import type { PipelineVariable, SourceRevisionOverride, TriggerType } from '@slipway/contracts/codepipeline';
import type { Jobs } from '../../engine/jobs.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Transaction } from '../../kernel/database.ts';
import { uuid } from '../../kernel/ids.ts';
import type { Events } from './events.ts';
import { MAX_PARALLEL, MAX_QUEUED } from './limits.ts';
import { fail } from './fail.ts';
import { PIPELINE } from './names.ts';
import { definitionOf } from './store.ts';
import type { ExecutionRow, PipelineRow, PipelineTables } from './store.ts';

export interface Launch {
  readonly trigger: { readonly type: TriggerType; readonly detail: string };
  readonly clientToken?: string;
  readonly replayKey?: string;
  readonly overrides?: readonly SourceRevisionOverride[];
  readonly variables?: readonly PipelineVariable[];
}

export interface LaunchDeps {
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly rows: PipelineTables;
  readonly events: Events;
}

/** Adds an execution to a pipeline that the transaction has locked, and wakes the pipeline. */
export async function launch({ clock, jobs, rows, events }: LaunchDeps, tx: Transaction, pipeline: PipelineRow, request: Launch): Promise<string> {
  const definition = definitionOf(pipeline);
  const mode = definition.executionMode ?? 'SUPERSEDED';
  const inFlight = mode === 'SUPERSEDED' ? 0 : (await rows.inFlight(tx, pipeline, pipeline.name)).length;
  if (inFlight >= (mode === 'QUEUED' ? MAX_QUEUED : MAX_PARALLEL)) {
    throw fail('ConcurrentPipelineExecutionsLimitExceededException', `The pipeline ${pipeline.name} has reached the limit for concurrent pipeline executions.`);
  }
  pipeline.next_ordinal += 1;
  const { account, region, name } = pipeline;
  const execution: ExecutionRow = {
    account, region, pipeline: name, id: uuid(), ordinal: pipeline.next_ordinal, version: pipeline.version, mode,
    status: 'InProgress', status_summary: null, stage: 0, place: 'waiting', stopping: null, stop_reason: null, attempt: 1,
    trigger_type: request.trigger.type, trigger_detail: request.trigger.detail,
    client_token: request.clientToken ?? null, replay_key: request.replayKey ?? null,
    source_overrides: JSON.stringify(request.overrides ?? []), variables: JSON.stringify(request.variables ?? []),
    started: clock.now(), updated: clock.now(),
  };
  await rows.insertExecution(tx, execution);
  await rows.updatePipeline(tx, pipeline);
  await events.pipeline(tx, execution, 'STARTED');
  await jobs.wake(tx, { kind: PIPELINE, account, region, id: name });
  return execution.id;
}
