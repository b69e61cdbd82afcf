import type { ActionDeclaration, PipelineDeclaration } from '@slipway/contracts/codepipeline';
import type { JobRun } from '../../engine/jobs.ts';
import type { Watches } from '../../engine/watch.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Identities } from '../../kernel/peers.ts';
import type { Place } from '../../kernel/place.ts';
import { launch } from './launch.ts';
import type { LaunchDeps } from './launch.ts';
import { SOURCES, SAFETY_TICK } from './names.ts';
import { pipelineRole } from './role.ts';
import type { Providers } from './providers/index.ts';
import type { Provider } from './providers/provider.ts';
import { definitionOf } from './store.ts';
import type { SourceRow } from './store.ts';

export interface SourceDeps extends LaunchDeps {
  readonly db: Database;
  readonly watches: Watches;
  readonly identities: Pick<Identities, 'assumeForService'>;
  readonly providers: Providers;
}

interface Look { readonly action: string; readonly subject: string; readonly revision: string }

/**
 * A pipeline's look at the sources whose PollForSourceChanges is not `false`. It waits on watches, so a push or an
 * upload starts an execution at once; several changes before it looks are one execution, as with AWS's polling.
 */
export function watchSources(deps: SourceDeps) {
  return async (run: JobRun): Promise<void> => {
    const pipeline = await deps.rows.pipeline(run.key, run.key.id);
    const definition = pipeline && definitionOf(pipeline);
    await deps.db.transaction(async (tx) => {
      await run.fence(tx);
      await deps.watches.unwatch(tx, run.key);
      for (const { action, source } of definition ? polled(definition, deps.providers) : []) {
        await deps.watches.watch(tx, source.subject({ account: run.key.account, region: run.key.region }, action.configuration ?? {}), run.key);
      }
    });
    if (definition === undefined) return;
    const looks = await look(deps, run.key, definition);
    if (looks.length === 0) return;
    await deps.db.transaction(async (tx) => {
      await run.fence(tx);
      await compare(deps, tx, run.key, run.key.id, looks);
    });
    run.again(deps.clock.now() + SAFETY_TICK);
  };
}

/** What the sources hold now; taken before a pipeline is created or updated, so that only later changes start it. */
export async function look(deps: Pick<SourceDeps, 'identities' | 'providers'>, at: Place, definition: PipelineDeclaration): Promise<Look[]> {
  const sources = polled(definition, deps.providers);
  if (sources.length === 0) return [];
  const looks: Look[] = [];
  for (const { action, source } of sources) {
    const configuration = action.configuration ?? {};
    const { kind, id } = source.subject(at, configuration);
    looks.push({ action: action.name, subject: `${kind}/${id}`, revision: await newest(deps, at, definition, source, configuration) });
  }
  return looks;
}

/** Empty when there is none or the role may not see it: the execution that a user starts says why. */
async function newest(deps: Pick<SourceDeps, 'identities'>, at: Place, definition: PipelineDeclaration, source: NonNullable<Provider['source']>, configuration: Readonly<Record<string, string>>): Promise<string> {
  try {
    const role = await pipelineRole(deps.identities, at, definition);
    return await source.newest({ role, region: at.region, configuration });
  } catch (error) {
    if (error instanceof ServiceError) return '';
    throw error;
  }
}

export async function remember(deps: Pick<SourceDeps, 'rows' | 'clock' | 'jobs'>, tx: Transaction, at: Place, pipeline: string, looks: readonly Look[]): Promise<void> {
  for (const seen of looks) await deps.rows.setSource(tx, { ...rowOf(at, pipeline, seen), seen: deps.clock.now() });
  await deps.jobs.wake(tx, { kind: SOURCES, account: at.account, region: at.region, id: pipeline });
}

async function compare(deps: SourceDeps, tx: Transaction, at: Place, name: string, looks: readonly Look[]): Promise<void> {
  const pipeline = await deps.rows.lockPipeline(tx, at, name);
  if (pipeline === undefined) return;
  const known = new Map((await deps.rows.sources(at, name, tx)).map((row) => [row.action, row]));
  const changed = looks.filter((seen) => {
    const before = known.get(seen.action);
    return seen.revision !== '' && before?.subject === seen.subject && before.revision !== seen.revision;
  });
  for (const seen of looks) {
    const before = known.get(seen.action);
    if (before === undefined || before.subject !== seen.subject || changed.includes(seen)) await deps.rows.setSource(tx, { ...rowOf(at, name, seen), seen: deps.clock.now() });
  }
  const [first] = changed;
  if (first !== undefined) await launch(deps, tx, pipeline, { trigger: { type: 'PollForSourceChanges', detail: first.action } });
}

function rowOf(at: Place, pipeline: string, { action, subject, revision }: Look): Omit<SourceRow, 'seen'> {
  return { account: at.account, region: at.region, pipeline, action, subject, revision };
}

function polled(definition: PipelineDeclaration, providers: Providers): { action: ActionDeclaration; source: NonNullable<Provider['source']> }[] {
  return (definition.stages[0]?.actions ?? []).flatMap((action) => {
    const source = providers(action.actionTypeId)?.source;
    return source && action.configuration?.PollForSourceChanges !== 'false' ? [{ action, source }] : [];
  });
}
