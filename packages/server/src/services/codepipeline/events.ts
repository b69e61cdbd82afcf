import type { ActionDeclaration } from '@slipway/contracts/codepipeline';
import type { Outbox } from '../../engine/outbox.ts';
import type { Transaction } from '../../kernel/database.ts';
import { pipelineArn } from './arns.ts';
import { parsed } from './store.ts';
import type { ActionRow, ExecutionRow, Prepared, StoredArtifact } from './store.ts';

export type PipelineState = 'STARTED' | 'SUCCEEDED' | 'RESUMED' | 'FAILED' | 'STOPPING' | 'STOPPED' | 'CANCELED' | 'SUPERSEDED';
export type ActionState = 'STARTED' | 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'ABANDONED';

/** The three state changes, in the shapes of the CodePipeline User Guide, "Monitoring CodePipeline events". */
export function events(outbox: Outbox) {
  const emit = (tx: Transaction, execution: ExecutionRow, of: 'Pipeline' | 'Stage' | 'Action', detail: Readonly<Record<string, unknown>>) => outbox.emit(tx, {
    account: execution.account, region: execution.region, source: 'aws.codepipeline',
    detailType: `CodePipeline ${of} Execution State Change`,
    resources: [pipelineArn(execution, execution.pipeline)],
    aggregate: `codepipeline/execution/${execution.id}`,
    detail: {
      pipeline: execution.pipeline, 'execution-id': execution.id, 'start-time': new Date(execution.started).toISOString(), ...detail,
      version: execution.version, 'pipeline-execution-attempt': execution.attempt,
    },
  });

  return {
    pipeline: (tx: Transaction, execution: ExecutionRow, state: PipelineState) => emit(tx, execution, 'Pipeline', {
      state, 'execution-trigger': { 'trigger-type': execution.trigger_type, 'trigger-detail': execution.trigger_detail },
      ...(execution.stop_reason !== null && (state === 'STOPPING' || state === 'STOPPED') ? { 'stop-execution-comments': execution.stop_reason } : {}),
    }),

    stage: (tx: Transaction, execution: ExecutionRow, stage: string, state: PipelineState) => emit(tx, execution, 'Stage', { stage, state }),

    action(tx: Transaction, execution: ExecutionRow, row: ActionRow, declared: ActionDeclaration, state: ActionState) {
      const prepared = parsed<Prepared | undefined>(row.prepared, undefined);
      return emit(tx, execution, 'Action', {
        stage: row.stage, action: row.action, 'action-execution-id': row.id, state, region: row.region,
        type: { owner: declared.actionTypeId.owner, provider: declared.actionTypeId.provider, category: declared.actionTypeId.category, version: declared.actionTypeId.version },
        ...(state === 'STARTED' || prepared === undefined ? {} : {
          'input-artifacts': prepared.inputs.map(located), 'output-artifacts': parsed<StoredArtifact[]>(row.outputs, []).map(located),
        }),
        ...(state === 'STARTED' ? {} : { 'execution-result': result(row) }),
      });
    },
  };
}

export type Events = ReturnType<typeof events>;

const located = ({ name, bucket, key }: StoredArtifact) => ({ name, s3location: { bucket, key } });

function result(row: ActionRow): Record<string, string> {
  const members = {
    'external-execution-id': row.external_id, 'external-execution-url': row.external_url,
    'external-execution-summary': row.error_message ?? row.summary, 'error-code': row.error_code,
  };
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== null));
}
