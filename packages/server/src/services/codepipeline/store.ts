import type { Kysely } from 'kysely';
import type { PipelineDeclaration, SourceRevisionOverride } from '@slipway/contracts/codepipeline';
import type { Database, Transaction } from '../../kernel/database.ts';
import { lockRow, prepared } from '../../kernel/database/index.ts';
import type { Place } from '../../kernel/place.ts';

export type PipelineRow = {
  account: string; region: string; name: string; version: number;
  /** JSON: PipelineDeclaration as GetPipeline shows it. */
  definition: string;
  created: number; updated: number; updated_by: string; next_ordinal: number;
};
export type TransitionRow = {
  account: string; region: string; pipeline: string; stage: string; direction: 'Inbound' | 'Outbound';
  enabled: number; reason: string | null; changed_by: string; changed: number;
};
export type SourceRow = {
  account: string; region: string; pipeline: string; action: string;
  /** What is looked at; a change of it is no new revision. */
  subject: string;
  /** Empty when there was none. */
  revision: string; seen: number;
};
export type ExecutionRow = {
  account: string; region: string; pipeline: string; id: string; ordinal: number; version: number;
  mode: 'SUPERSEDED' | 'QUEUED' | 'PARALLEL';
  status: 'InProgress' | 'Stopping' | 'Stopped' | 'Succeeded' | 'Failed' | 'Superseded' | 'Cancelled';
  status_summary: string | null;
  stage: number; place: 'waiting' | 'inside'; stopping: 'wait' | 'abandon' | null; stop_reason: string | null; attempt: number;
  trigger_type: string; trigger_detail: string; client_token: string | null; replay_key: string | null;
  source_overrides: string; variables: string; started: number; updated: number;
};
export type StageRow = {
  account: string; region: string; pipeline: string; execution: string; stage: string; ordinal: number;
  status: 'InProgress' | 'Stopped' | 'Stopping' | 'Succeeded' | 'Failed' | 'Cancelled'; started: number; updated: number;
};
export type ActionRow = {
  account: string; region: string; id: string; pipeline: string; execution: string; version: number; stage: string; action: string;
  ordinal: number; status: 'InProgress' | 'Succeeded' | 'Failed' | 'Abandoned';
  /** 1 for the attempt that counts; a retry sets the earlier ones to 0. */
  latest: number;
  started: number; updated: number; updated_by: string | null; deadline: number | null; token: string | null;
  /** JSON: `Prepared`; set before the provider is called, so that a repeated start is the same start. */
  prepared: string | null;
  external_id: string | null; external_url: string | null; summary: string | null; error_code: string | null; error_message: string | null;
  /** JSON: `StoredArtifact[]`, once succeeded. */
  outputs: string | null;
  /** JSON: output variables. */
  variables: string | null;
  /** JSON: `Revision` of a source action. */
  revision: string | null;
};

export interface StoredArtifact { readonly name: string; readonly bucket: string; readonly key: string }
export interface Revision { readonly id: string; readonly summary?: string; readonly url?: string; readonly created?: number }
/** What an action was started with. */
export interface Prepared {
  readonly configuration: Readonly<Record<string, string>>;
  readonly inputs: readonly (StoredArtifact & { readonly revision?: string })[];
  readonly outputs: readonly StoredArtifact[];
}

type Tables = {
  pipelines: PipelineRow; pipeline_versions: { account: string; region: string; pipeline: string; version: number; definition: string };
  pipeline_transitions: TransitionRow; pipeline_sources: SourceRow;
  pipeline_executions: ExecutionRow; pipeline_stage_executions: StageRow; pipeline_action_executions: ActionRow;
};

const byName = prepared((db: Kysely<Tables>, given: Place & { readonly name: string }) => db.selectFrom('pipelines').selectAll()
  .where('account', '=', given.account).where('region', '=', given.region).where('name', '=', given.name));

export const definitionOf = (row: { definition: string }): PipelineDeclaration => JSON.parse(row.definition) as PipelineDeclaration;
export const overridesOf = (row: ExecutionRow): SourceRevisionOverride[] => JSON.parse(row.source_overrides) as SourceRevisionOverride[];
/** Absent JSON reads as `otherwise`. */
export const parsed = <T>(json: string | null, otherwise: T): T => (json === null ? otherwise : JSON.parse(json) as T);

/** The room's SQL. Reads take the transaction where they decide, nothing where they show. */
export function store(db: Database) {
  const on = (tx?: Transaction) => (tx ? tx.query : db.read).withTables<Tables>();
  return {
    async pipeline({ account, region }: Place, name: string) {
      const [row] = await byName(db.read, { account, region, name });
      return row;
    },
    /** First in every deciding transaction about the pipeline or its executions. */
    lockPipeline: (tx: Transaction, at: Place, name: string) => on(tx).selectFrom('pipelines').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('name', '=', name).$call(lockRow(tx)).executeTakeFirst(),
    pipelines: (at: Place, after: string, limit: number) => on().selectFrom('pipelines').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('name', '>', after).orderBy('name').limit(limit).execute(),

    async insertPipeline(tx: Transaction, row: PipelineRow) {
      await on(tx).insertInto('pipelines').values(row).execute();
      await on(tx).insertInto('pipeline_versions').values({ account: row.account, region: row.region, pipeline: row.name, version: row.version, definition: row.definition }).execute();
    },
    async updatePipeline(tx: Transaction, row: PipelineRow) {
      const { account, region, name, ...change } = row;
      await on(tx).updateTable('pipelines').set(change).where('account', '=', account).where('region', '=', region).where('name', '=', name).execute();
    },
    async insertVersion(tx: Transaction, row: PipelineRow) {
      await on(tx).insertInto('pipeline_versions').values({ account: row.account, region: row.region, pipeline: row.name, version: row.version, definition: row.definition }).execute();
    },
    version: (at: Place, pipeline: string, version: number, tx?: Transaction) => on(tx).selectFrom('pipeline_versions').select('definition')
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).where('version', '=', version).executeTakeFirst(),

    /** The pipeline with everything that ever ran of it. */
    async deletePipeline(tx: Transaction, at: Place, name: string) {
      for (const table of ['pipeline_versions', 'pipeline_transitions', 'pipeline_sources', 'pipeline_executions', 'pipeline_stage_executions', 'pipeline_action_executions'] as const) {
        await on(tx).deleteFrom(table).where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', name).execute();
      }
      await on(tx).deleteFrom('pipelines').where('account', '=', at.account).where('region', '=', at.region).where('name', '=', name).execute();
    },

    transitions: (at: Place, pipeline: string, tx?: Transaction) => on(tx).selectFrom('pipeline_transitions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).execute(),
    async setTransition(tx: Transaction, row: TransitionRow) {
      const { enabled, reason, changed, changed_by } = row;
      await on(tx).insertInto('pipeline_transitions').values(row)
        .onConflict((conflict) => conflict.columns(['account', 'region', 'pipeline', 'stage', 'direction']).doUpdateSet({ enabled, reason, changed, changed_by })).execute();
    },

    sources: (at: Place, pipeline: string, tx?: Transaction) => on(tx).selectFrom('pipeline_sources').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).execute(),
    async setSource(tx: Transaction, row: SourceRow) {
      const { subject, revision, seen } = row;
      await on(tx).insertInto('pipeline_sources').values(row)
        .onConflict((conflict) => conflict.columns(['account', 'region', 'pipeline', 'action']).doUpdateSet({ subject, revision, seen })).execute();
    },
    /** An execution that fetched a revision has seen it, unless a later look knows better. */
    async sawSource(tx: Transaction, action: ActionRow, revision: string, now: number) {
      await on(tx).updateTable('pipeline_sources').set({ revision, seen: now })
        .where('account', '=', action.account).where('region', '=', action.region).where('pipeline', '=', action.pipeline)
        .where('action', '=', action.action).where('seen', '<=', action.started).execute();
    },

    execution: (at: Place, pipeline: string, id: string, tx?: Transaction) => on(tx).selectFrom('pipeline_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).where('id', '=', id).executeTakeFirst(),
    executionBy: (tx: Transaction, at: Place, pipeline: string, column: 'client_token' | 'replay_key', value: string) => on(tx).selectFrom('pipeline_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).where(column, '=', value).executeTakeFirst(),
    inFlight: (tx: Transaction, at: Place, pipeline: string) => on(tx).selectFrom('pipeline_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline)
      .where('status', 'in', ['InProgress', 'Stopping']).orderBy('ordinal').execute(),
    executions: (at: Place, pipeline: string, page: { before?: number; limit: number; ids?: readonly string[] }) => on().selectFrom('pipeline_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline)
      .$if(page.before !== undefined, (query) => query.where('ordinal', '<', page.before as number))
      .$if(page.ids !== undefined, (query) => query.where('id', 'in', page.ids as string[]))
      .orderBy('ordinal', 'desc').limit(page.limit).execute(),
    async insertExecution(tx: Transaction, row: ExecutionRow) {
      await on(tx).insertInto('pipeline_executions').values(row).execute();
    },
    async updateExecution(tx: Transaction, row: ExecutionRow, change: Partial<Omit<ExecutionRow, 'account' | 'region' | 'pipeline' | 'id'>>) {
      await on(tx).updateTable('pipeline_executions').set(change)
        .where('account', '=', row.account).where('region', '=', row.region).where('pipeline', '=', row.pipeline).where('id', '=', row.id).execute();
    },

    stages: (at: Place, pipeline: string, filter: { execution?: string; stage?: string; status?: StageRow['status'] } = {}, tx?: Transaction) => on(tx).selectFrom('pipeline_stage_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline)
      .$if(filter.execution !== undefined, (query) => query.where('execution', '=', filter.execution as string))
      .$if(filter.stage !== undefined, (query) => query.where('stage', '=', filter.stage as string))
      .$if(filter.status !== undefined, (query) => query.where('status', '=', filter.status as StageRow['status']))
      .orderBy('ordinal').execute(),
    latestStage: (at: Place, pipeline: string, stage: string) => on().selectFrom('pipeline_stage_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).where('stage', '=', stage)
      .orderBy('ordinal', 'desc').limit(1).executeTakeFirst(),
    async putStage(tx: Transaction, row: StageRow) {
      const { ordinal, status, updated } = row;
      await on(tx).insertInto('pipeline_stage_executions').values(row)
        .onConflict((conflict) => conflict.columns(['account', 'region', 'pipeline', 'execution', 'stage']).doUpdateSet({ ordinal, status, updated })).execute();
    },

    action: (at: Place, id: string, tx?: Transaction) => on(tx).selectFrom('pipeline_action_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('id', '=', id).executeTakeFirst(),
    approval: (tx: Transaction, at: Place, pipeline: string, token: string) => on(tx).selectFrom('pipeline_action_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).where('token', '=', token).executeTakeFirst(),
    actions: (at: Place, pipeline: string, execution: string, tx?: Transaction) => on(tx).selectFrom('pipeline_action_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline).where('execution', '=', execution)
      .where('latest', '=', 1).orderBy('ordinal').execute(),
    actionPage: (at: Place, pipeline: string, page: { before?: number; limit: number; execution?: string }) => on().selectFrom('pipeline_action_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline)
      .$if(page.before !== undefined, (query) => query.where('ordinal', '<', page.before as number))
      .$if(page.execution !== undefined, (query) => query.where('execution', '=', page.execution as string))
      .orderBy('ordinal', 'desc').limit(page.limit).execute(),
    latestAction: (at: Place, pipeline: string, stage: string, action: string) => on().selectFrom('pipeline_action_executions').selectAll()
      .where('account', '=', at.account).where('region', '=', at.region).where('pipeline', '=', pipeline)
      .where('stage', '=', stage).where('action', '=', action).orderBy('ordinal', 'desc').limit(1).executeTakeFirst(),
    async insertAction(tx: Transaction, row: ActionRow) {
      await on(tx).insertInto('pipeline_action_executions').values(row).execute();
    },
    /** Only while it is in progress: of two ends, such as a stop and a success, the first counts. */
    async updateAction(tx: Transaction, row: Pick<ActionRow, 'account' | 'region' | 'id'>, change: Partial<Omit<ActionRow, 'account' | 'region' | 'id'>>): Promise<ActionRow | undefined> {
      return on(tx).updateTable('pipeline_action_executions').set(change)
        .where('account', '=', row.account).where('region', '=', row.region).where('id', '=', row.id).where('status', '=', 'InProgress')
        .returningAll().executeTakeFirst();
    },
    async forgetActions(tx: Transaction, execution: ExecutionRow, stage: string, statuses: readonly ActionRow['status'][]) {
      await on(tx).updateTable('pipeline_action_executions').set({ latest: 0 })
        .where('account', '=', execution.account).where('region', '=', execution.region).where('pipeline', '=', execution.pipeline)
        .where('execution', '=', execution.id).where('stage', '=', stage).where('status', 'in', [...statuses]).execute();
    },
  };
}

export type PipelineTables = ReturnType<typeof store>;
