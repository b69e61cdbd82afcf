import type { CodePipelineApi } from '@slipway/contracts';
import type { ActionExecutionDetail, ActionExecutionResult } from '@slipway/contracts/codepipeline';
import type { Paging } from '../../kernel/paging.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { fail, noExecution, noPipeline } from './fail.ts';
import { pagesOf } from './pages.ts';
import { definitionOf, parsed } from './store.ts';
import type { ActionRow, PipelineTables, Prepared, StoredArtifact } from './store.ts';

/** What each action of each execution did. */
export function actionExecutions({ rows, paging }: { rows: PipelineTables; paging: Paging }) {
  async function detail(row: ActionRow): Promise<ActionExecutionDetail> {
    const version = await rows.version(row, row.pipeline, row.version);
    const definition = version && definitionOf(version);
    const declared = definition?.stages.find((stage) => stage.name === row.stage)?.actions.find((action) => action.name === row.action);
    const prepared = parsed<Prepared>(row.prepared, { configuration: {}, inputs: [], outputs: [] });
    return {
      pipelineExecutionId: row.execution, actionExecutionId: row.id, pipelineVersion: row.version, stageName: row.stage, actionName: row.action,
      startTime: row.started, lastUpdateTime: row.updated, status: row.status, ...(row.updated_by === null ? {} : { updatedBy: row.updated_by }),
      input: {
        actionTypeId: declared?.actionTypeId, configuration: declared?.configuration, resolvedConfiguration: { ...prepared.configuration },
        region: row.region, inputArtifacts: prepared.inputs.map(located), ...(declared?.namespace === undefined ? {} : { namespace: declared.namespace }),
      },
      output: {
        outputArtifacts: parsed<StoredArtifact[]>(row.outputs, []).map(located), executionResult: result(row),
        outputVariables: parsed<Record<string, string>>(row.variables, {}),
      },
    };
  }

  return {
    async ListActionExecutions({ pipelineName, filter, maxResults = 100, nextToken }, call: Call) {
      if (await rows.pipeline(call, pipelineName) === undefined) throw noPipeline(call, pipelineName);
      refuseMembers(filter, ['latestInPipelineExecution'], (name) => fail('ValidationException', `filter.${name} is not supported by Slipway yet`));
      const execution = filter?.pipelineExecutionId;
      if (execution !== undefined && await rows.execution(call, pipelineName, execution) === undefined) throw noExecution(execution);
      const limit = Math.min(maxResults, 100);
      const listing = pagesOf(paging, call, 'ListActionExecutions', [pipelineName, execution]);
      const [before] = listing.read(nextToken) ?? [];
      const found = await rows.actionPage(call, pipelineName, { before: before === undefined ? undefined : Number(before), limit: limit + 1, execution });
      const { page, next } = listing.cut(found, limit, (row) => [row.ordinal]);
      return { actionExecutionDetails: await Promise.all(page.map((row) => detail(row))), nextToken: next };
    },
  } satisfies Partial<Operations<CodePipelineApi>>;
}

const located = ({ name, bucket, key }: StoredArtifact) => ({ name, s3location: { bucket, key } });

function result(row: ActionRow): ActionExecutionResult {
  return {
    ...(row.external_id === null ? {} : { externalExecutionId: row.external_id }),
    ...(row.external_url === null ? {} : { externalExecutionUrl: row.external_url }),
    ...(row.summary === null ? {} : { externalExecutionSummary: row.summary }),
    ...(row.error_code === null ? {} : { errorDetails: { code: row.error_code, message: row.error_message ?? '' } }),
  };
}
