import type { CodePipelineApi } from '@slipway/contracts';
import type { Jobs } from '../../engine/jobs.ts';
import type { Outbox } from '../../engine/outbox.ts';
import type { Watches } from '../../engine/watch.ts';
import type { GitSources } from '../../git/ports.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Identities, Peers } from '../../kernel/peers.ts';
import { service } from '../../kernel/service.ts';
import type { Room } from '../../kernel/service.ts';
import { access } from './access.ts';
import { actionExecutions } from './action-executions.ts';
import { advancePipeline } from './advance.ts';
import { events } from './events.ts';
import { executions } from './executions.ts';
import { validate } from './limits.ts';
import { migrations } from './migrations.ts';
import { ACTION, PIPELINE, SOURCES } from './names.ts';
import { notYet } from './not-yet.ts';
import { pipelines } from './pipelines.ts';
import { createProviders } from './providers/index.ts';
import { runAction } from './run-action.ts';
import { watchSources } from './sources.ts';
import { state } from './state.ts';
import { store } from './store.ts';

export interface CodePipelineDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly watches: Watches;
  readonly paging: Paging;
  readonly peers: Peers;
  readonly identities: Pick<Identities, 'assumeForService'>;
  readonly git: Pick<GitSources, 'openArchive'>;
}

/** CodePipeline: definitions, executions, and the jobs that carry them. */
export function createCodePipeline(deps: CodePipelineDeps): Room {
  const inside = { ...deps, rows: store(deps.db), events: events(deps.outbox), providers: createProviders(deps) };
  deps.jobs.handle(PIPELINE, advancePipeline(inside));
  deps.jobs.handle(ACTION, runAction(inside));
  deps.jobs.handle(SOURCES, watchSources(inside));
  return {
    service: service<CodePipelineApi>()({
      name: 'codepipeline',
      operations: { ...pipelines(inside), ...executions(inside), ...state(inside), ...actionExecutions(inside) },
      access,
      notYet,
      validate,
    }),
    migrations,
  };
}
