import type { ActionDeclaration, FailureType, PipelineDeclaration, PipelineVariable } from '@slipway/contracts/codepipeline';
import type { Jobs, JobRun } from '../../engine/jobs.ts';
import type { Watches } from '../../engine/watch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import { artifactKey } from '../../kernel/ids.ts';
import type { Identities } from '../../kernel/peers.ts';
import type { Events } from './events.ts';
import { KEY_ARTIFACT, KEY_PIPELINE } from './limits.ts';
import { PIPELINE, SAFETY_TICK } from './names.ts';
import { pipelineRole } from './role.ts';
import type { ActionRun, Progress, Provider, Providers } from './providers/index.ts';
import { definitionOf, overridesOf, parsed } from './store.ts';
import type { ActionRow, ExecutionRow, PipelineTables, Prepared, Revision, StoredArtifact } from './store.ts';
import { resolve, UnresolvedVariable } from './variables.ts';
import type { Namespaces } from './variables.ts';

export interface ActionDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly watches: Watches;
  readonly identities: Pick<Identities, 'assumeForService'>;
  readonly rows: PipelineTables;
  readonly events: Events;
  readonly providers: Providers;
}

interface Known {
  readonly row: ActionRow;
  readonly execution: ExecutionRow;
  readonly pipeline: PipelineDeclaration;
  readonly declared: ActionDeclaration;
  readonly provider: Provider;
}

/**
 * An action's job. Life: made with the action execution → `prepared` is committed (resolved configuration, where the
 * artifacts lie) → the provider starts it as the pipeline's role → what it answered and a watch are committed → each
 * wake-up polls → its end is committed and wakes the pipeline.
 */
export function runAction(deps: ActionDeps) {
  return async (run: JobRun): Promise<void> => {
    const known = await find(deps, run);
    if (known === undefined) return deps.db.transaction(async (tx) => { await deps.watches.unwatch(tx, run.key); });
    if (known.provider.start === undefined) return;
    const progress = await step(deps, run, known);
    if (progress.status !== 'InProgress') return finish(deps, run, known, progress);
    await deps.db.transaction(async (tx) => {
      await run.fence(tx);
      await deps.watches.watch(tx, progress.watch, run.key);
      await deps.rows.updateAction(tx, known.row, external(progress));
    });
    // It may have ended before the watch was there.
    const first = known.row.external_id === null;
    run.again(first ? deps.clock.now() : deps.clock.now() + SAFETY_TICK);
  };
}

/** Undefined when it is over or the pipeline was deleted. */
async function find({ rows, providers }: ActionDeps, run: JobRun): Promise<Known | undefined> {
  const row = await rows.action(run.key, run.key.id);
  if (row === undefined || row.status !== 'InProgress') return undefined;
  const [execution, version] = await Promise.all([rows.execution(row, row.pipeline, row.execution), rows.version(row, row.pipeline, row.version)]);
  if (execution === undefined || version === undefined) return undefined;
  const pipeline = definitionOf(version);
  const declared = pipeline.stages.find((stage) => stage.name === row.stage)?.actions.find((action) => action.name === row.action);
  const provider = declared && providers(declared.actionTypeId);
  if (declared === undefined || provider === undefined) throw new Error(`action ${row.action} of pipeline ${row.pipeline} is not known`);
  return { row, execution, pipeline, declared, provider };
}

async function step(deps: ActionDeps, run: JobRun, known: Known): Promise<Progress> {
  try {
    const prepared = await prepare(deps, run, known);
    const role = await pipelineRole(deps.identities, known.row, known.pipeline);
    const { row, execution, provider } = known;
    const action: ActionRun = {
      ...prepared, id: row.id, account: row.account, region: row.region, pipeline: row.pipeline, execution: row.execution,
      role, override: overridesOf(execution).find((it) => it.actionName === row.action),
      externalId: row.external_id ?? undefined, signal: run.signal,
    };
    const next = row.external_id === null ? provider.start : provider.poll;
    if (next === undefined) throw new Error(`an action of ${provider.provider} cannot go on elsewhere`);
    return await next(action);
  } catch (error) {
    if (error instanceof UnresolvedVariable) return { status: 'Failed', code: 'ConfigurationError', message: error.message };
    if (!(error instanceof ServiceError) || isPassing(error)) throw error;
    return { status: 'Failed', code: failureOf(error), message: error.message };
  }
}

/** CodeBuild shows its builds' initiator as `codepipeline/<session name>`. Sessions have names of 2 to 64 characters. */
const isPassing = (error: ServiceError): boolean => /Throttl|ServiceUnavailable|SlowDown|InternalFailure|InternalError/.test(error.name);

function failureOf(error: ServiceError): FailureType {
  if (/AccessDenied|NotAuthorized|Unauthorized/.test(error.name)) return 'PermissionError';
  return 'ConfigurationError';
}

/** Decides once what the action works with, so that a start repeated after a crash is the same start. */
async function prepare(deps: ActionDeps, run: JobRun, { row, execution, pipeline, declared }: Known): Promise<Prepared> {
  if (row.prepared !== null) return JSON.parse(row.prepared) as Prepared;
  const done = (await deps.rows.actions(row, row.pipeline, row.execution)).filter((action) => action.status === 'Succeeded');
  const configuration = resolve(declared.configuration ?? {}, namespaces(pipeline, execution, done));
  const stored = done.flatMap((action) => parsed<StoredArtifact[]>(action.outputs, []).map((artifact) => ({ ...artifact, revision: revisionOf(action) })));
  const inputs = (declared.inputArtifacts ?? []).map(({ name }) => {
    const artifact = stored.find((it) => it.name === name);
    if (artifact === undefined) throw new UnresolvedVariable(`The input artifact ${name} was not produced by this execution.`);
    return artifact;
  });
  const outputs = (declared.outputArtifacts ?? []).map(({ name }) => ({ name, bucket: pipeline.artifactStore?.location ?? '', key: storeKey(row.pipeline, name) }));
  const prepared: Prepared = { configuration, inputs, outputs };
  await deps.db.transaction(async (tx) => {
    await run.fence(tx);
    await deps.rows.updateAction(tx, row, { prepared: JSON.stringify(prepared) });
  });
  return prepared;
}

const revisionOf = (action: ActionRow): string | undefined => parsed<Revision | undefined>(action.revision, undefined)?.id;

function namespaces(pipeline: PipelineDeclaration, execution: ExecutionRow, done: readonly ActionRow[]): Namespaces {
  const declared = new Map(pipeline.stages.flatMap((stage) => stage.actions.map((action) => [`${stage.name}/${action.name}`, action.namespace] as const)));
  const outputs = done.flatMap((action) => {
    const namespace = declared.get(`${action.stage}/${action.action}`);
    return namespace === undefined ? [] : [[namespace, parsed<Record<string, string>>(action.variables, {})] as const];
  });
  const variables = (JSON.parse(execution.variables) as PipelineVariable[]).map(({ name, value }) => [name, value] as const);
  return Object.fromEntries([...outputs, ['variables', Object.fromEntries(variables)], ['codepipeline', { PipelineExecutionId: execution.id }]]);
}

/** AWS's layout of an artifact store: `<pipeline, 20>/<artifact, 10>/<7 random>`. */
const storeKey = (pipeline: string, artifact: string): string => `${pipeline.slice(0, KEY_PIPELINE)}/${artifact.slice(0, KEY_ARTIFACT)}/${artifactKey()}`;

function external(progress: Progress): Partial<ActionRow> {
  return {
    ...(progress.externalId === undefined ? {} : { external_id: progress.externalId }),
    ...(progress.url === undefined ? {} : { external_url: progress.url }),
    ...(progress.summary === undefined ? {} : { summary: progress.summary }),
  };
}

async function finish(deps: ActionDeps, run: JobRun, known: Known, progress: Exclude<Progress, { status: 'InProgress' }>): Promise<void> {
  const now = deps.clock.now();
  const { row, execution, declared } = known;
  await deps.db.transaction(async (tx) => {
    await run.fence(tx);
    await deps.watches.unwatch(tx, run.key);
    const current = await deps.rows.action(row, row.id, tx);
    const end: Partial<ActionRow> = progress.status === 'Failed'
      ? { status: 'Failed', error_code: progress.code, error_message: progress.message }
      : {
        status: 'Succeeded', outputs: JSON.stringify(parsed<Prepared | undefined>(current?.prepared ?? null, undefined)?.outputs ?? []),
        variables: JSON.stringify(progress.variables ?? {}), revision: progress.revision ? JSON.stringify(progress.revision) : null,
      };
    const ended = await deps.rows.updateAction(tx, row, { ...external(progress), ...end, updated: now });
    if (ended === undefined) return;
    await noteSource(deps, tx, known, progress, now);
    await deps.events.action(tx, execution, ended, declared, progress.status === 'Failed' ? 'FAILED' : 'SUCCEEDED');
    await deps.jobs.wake(tx, { kind: PIPELINE, account: row.account, region: row.region, id: row.pipeline });
  });
}

/** A revision that this execution took is not a change to start another for. */
async function noteSource(deps: ActionDeps, tx: Transaction, { row, execution }: Known, progress: Progress, now: number): Promise<void> {
  if (progress.status !== 'Succeeded' || progress.revision === undefined) return;
  if (overridesOf(execution).some((it) => it.actionName === row.action)) return;
  await deps.rows.sawSource(tx, row, progress.revision.id, now);
}
