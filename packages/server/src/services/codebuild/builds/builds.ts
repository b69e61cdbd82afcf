import type { CodeBuildApi } from '@slipway/contracts';
import type { Build, StartBuildInput } from '@slipway/contracts/codebuild';
import type { Jobs } from '../../../engine/jobs.ts';
import type { Outbox } from '../../../engine/outbox.ts';
import { parseArn } from '../../../kernel/arn.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Place } from '../../../kernel/place.ts';
import { replay, type ClientToken } from '../../../kernel/replay.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { buildArn, buildIdOf, projectNameOf, projectOfBuild, SERVICE } from '../arns.ts';
import { readBuild, shownBuild } from './build.ts';
import { checkDefinition } from '../projects/checks/index.ts';
import type { BuildDefinition, ProjectDefinition } from '../projects/definition.ts';
import { phaseChange, stateChange } from './events.ts';
import { buildNotFound, fail, projectNotFound } from '../fail.ts';
import { buildJob } from './job.ts';
import { idempotencyTokenLifetime, pageSize, queuedBuilds } from '../limits.ts';
import { pagesOf } from '../pages.ts';
import { phaseEnded, phaseStarted } from './phases.ts';
import { takenOverByPipeline, withOverrides } from '../projects/overrides.ts';
import { positionOf } from '../queue/queue.ts';
import { deleteBuild, findBuilds, insertBuild, listBuilds, lockBuild, updateBuild, type BuildRow } from './store.ts';
import { findProject, lockProject, updateProject, type ProjectRow } from '../projects/store.ts';
import { countUnfinishedBuilds, lockQueue, queueState } from '../queue/store.ts';

export interface BuildsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly paging: Paging;
  /** How many builds of one account run at once in one region. */
  readonly concurrentBuilds: number;
  /** The server's base URL as a build reaches it. */
  readonly endpoint: () => string;
}

export function builds({ db, clock, jobs, outbox, paging, concurrentBuilds, endpoint }: BuildsDeps) {
  const shown = (row: BuildRow): Build => shownBuild(readBuild(row), endpoint());

  /** Inserts the build, SUBMITTED done and QUEUED begun, and wakes its job. */
  async function submit(tx: Transaction, project: ProjectRow, { definition, initiator, retry }: Submission): Promise<BuildRow> {
    await lockQueue(tx, project);
    const most = concurrentBuilds * queuedBuilds;
    if ((await countUnfinishedBuilds(tx, project)) >= concurrentBuilds + most) throw fail('AccountLimitExceededException', `Cannot have more than ${most} builds in queue for the account`);
    const now = clock.now();
    const number = project.last_build_number + 1;
    const row: BuildRow = {
      account: project.account,
      region: project.region,
      id: `${project.name}:${uuid()}`,
      project: project.name,
      number,
      initiator,
      definition: JSON.stringify(definition),
      status: 'IN_PROGRESS',
      phase: 'QUEUED',
      phases: JSON.stringify(phaseStarted(phaseEnded(phaseStarted([], 'SUBMITTED', now), now, 'SUCCEEDED'), 'QUEUED', now)),
      stop_requested: 0,
      resolved_version: null,
      exported: '[]',
      artifacts: JSON.stringify({ secondary: [] }),
      log_stream: null,
      spool_offset: 0,
      node: null,
      log_next: 0,
      log_pending: null,
      artifacts_from: null,
      outcome: null,
      credentials_token: null,
      started_at: now,
      ended_at: null,
      sequence: 0,
      retry_number: retry?.number ?? 0,
      previous_retry: retry?.previous ?? null,
      next_retry: null,
      retry_limit: null,
      own_lines: null,
      s3_logged: 0,
      cache_key: null,
      usage: null,
      image_id: null,
    };
    await updateProject(tx, project, { last_build_number: number });
    await insertBuild(tx, row);
    await jobs.wake(tx, buildJob(row));
    const build = readBuild(row);
    await outbox.emit(tx, stateChange(build, endpoint()));
    for (const phase of build.phases.filter(({ endTime }) => endTime !== undefined)) await outbox.emit(tx, phaseChange(build, phase, endpoint()));
    return row;
  }

  /** Where those stand that wait, in the context of their QUEUED phase. */
  async function withPositions(place: Place, found: readonly Build[]): Promise<Build[]> {
    if (!found.some(({ currentPhase }) => currentPhase === 'QUEUED')) return [...found];
    const state = await queueState(db, place);
    return found.map((build) => {
      const message = build.currentPhase === 'QUEUED' ? positionOf(state, concurrentBuilds, { id: build.id!, project: build.projectName! }) : undefined;
      return message === undefined ? build : { ...build, phases: build.phases!.map((phase) => (phase.phaseType === 'QUEUED' ? { ...phase, contexts: [{ statusCode: '', message }] } : phase)) };
    });
  }

  async function list(operation: string, project: string | undefined, input: { sortOrder?: string; nextToken?: string }, call: Call): Promise<{ ids: string[]; nextToken: string | undefined }> {
    const { sortOrder = 'DESCENDING', nextToken } = input;
    const listing = pagesOf(paging, call, operation, { project, sortOrder });
    const key = listing.read(nextToken);
    const rows = await listBuilds(db, call, { project, descending: sortOrder === 'DESCENDING', after: key && { startedAt: Number(key[0]), id: String(key[1]) }, limit: pageSize + 1 });
    const { page, next } = listing.cut(rows, pageSize, (row) => [row.started_at, row.id]);
    return { ids: page.map((row) => row.id), nextToken: next };
  }

  return {
    async StartBuild(input, call) {
      const { idempotencyToken, ...asked } = input;
      return db.transaction((tx) =>
        replay(
          tx,
          call,
          'codebuild:StartBuild',
          asked,
          async () => {
            const project = await lockProject(tx, call, projectNameOf(input.projectName, call));
            if (!project) throw projectNotFound(call, projectNameOf(input.projectName, call));
            return { build: shown(await submit(tx, project, { definition: definitionOf(project, asked, call), initiator: initiatorOf(call.caller) })) };
          },
          { now: clock.now(), token: tokenOf(idempotencyToken) },
        ),
      );
    },

    /**
     * The same build again, with the settings that it had. Called by CodeBuild itself it is an automatic retry and takes its
     * place in the row of them.
     */
    async RetryBuild({ id = '', idempotencyToken }, call) {
      const buildId = buildIdOf(id, call);
      return db.transaction((tx) =>
        replay(
          tx,
          call,
          'codebuild:RetryBuild',
          { id },
          async () => {
            const name = projectOfBuild(buildId);
            const project = await lockProject(tx, call, name);
            const before = await lockBuild(tx, call, buildId);
            if (!before) throw buildNotFound(call, buildId);
            if (!project) throw projectNotFound(call, name);
            const build = readBuild(before);
            if (build.status === 'IN_PROGRESS') throw fail('InvalidInputException', `The build ${buildId} is still in progress: only a build that has ended can be retried`);
            if (build.definition.source.type === 'CODEPIPELINE') throw fail('InvalidInputException', `The build ${buildId} was started by a pipeline, which retries its stage itself`);
            checkDefinition(build.definition, call);
            const automatic = call.caller.invokedBy === SERVICE;
            const next = await submit(tx, project, {
              definition: build.definition,
              initiator: automatic ? build.initiator : initiatorOf(call.caller),
              ...(automatic ? { retry: { number: build.retry_number + 1, previous: build.id } } : {}),
            });
            if (automatic) await updateBuild(tx, before, { next_retry: next.id });
            return { build: shown(next) };
          },
          { now: clock.now(), token: tokenOf(idempotencyToken) },
        ),
      );
    },

    /** Asks the build to stop; it has stopped when its status says so. Stopping a finished build changes nothing. */
    async StopBuild({ id }, call) {
      const buildId = buildIdOf(id, call);
      const row = await db.transaction(async (tx) => {
        const found = await lockBuild(tx, call, buildId);
        if (!found) throw buildNotFound(call, buildId);
        if (found.status === 'IN_PROGRESS') {
          await updateBuild(tx, found, { stop_requested: 1 });
          await jobs.wake(tx, buildJob(found));
        }
        return found;
      });
      return { build: shown(row) };
    },

    async BatchGetBuilds({ ids }, call) {
      const rows = new Map((await findBuilds(db, call, ids.map((id) => buildIdOf(id, call)))).map((row) => [row.id, row]));
      const found = ids.map((id) => rows.get(buildIdOf(id, call))).filter((row) => row !== undefined);
      return { builds: await withPositions(call, found.map(shown)), buildsNotFound: ids.filter((id) => !rows.has(buildIdOf(id, call))) };
    },

    async BatchDeleteBuilds({ ids }, call) {
      return db.transaction(async (tx) => {
        const buildsDeleted: string[] = [];
        const buildsNotDeleted: { id: string; statusCode: string }[] = [];
        for (const id of ids) {
          const row = await lockBuild(tx, call, buildIdOf(id, call));
          if (row?.status === 'IN_PROGRESS') buildsNotDeleted.push({ id, statusCode: 'BUILD_IN_PROGRESS' });
          else if (row && (await deleteBuild(tx, call, row.id))) buildsDeleted.push(buildArn(call, row.id));
          else buildsNotDeleted.push({ id, statusCode: 'BUILD_NOT_FOUND' });
        }
        return { buildsDeleted, buildsNotDeleted };
      });
    },

    ListBuilds: (input, call) => list('ListBuilds', undefined, input, call),

    async ListBuildsForProject(input, call) {
      const name = projectNameOf(input.projectName, call);
      if (!(await findProject(db, call, name))) throw projectNotFound(call, name);
      return list('ListBuildsForProject', name, input, call);
    },
  } satisfies Partial<Operations<CodeBuildApi>>;
}

/** @throws InvalidInputException */
function definitionOf(project: ProjectRow, input: StartBuildInput, call: Call): BuildDefinition {
  const fromPipeline = call.caller.invokedBy === 'codepipeline.amazonaws.com';
  const overridden = withOverrides(JSON.parse(project.definition) as ProjectDefinition, input);
  const definition = fromPipeline ? takenOverByPipeline(overridden, input) : overridden;
  checkDefinition(definition, call, { fromPipeline });
  if (definition.source.type === 'CODEPIPELINE' && !fromPipeline) {
    throw fail('InvalidInputException', 'A project whose source is CODEPIPELINE is started by a pipeline; to start it yourself, override its source and artifacts');
  }
  return definition;
}

interface Submission {
  readonly definition: BuildDefinition;
  readonly initiator: string;
  /** For an automatic retry: which one it is, and of which build. */
  readonly retry?: { readonly number: number; readonly previous: string };
}

const tokenOf = (value: string | undefined): ClientToken => ({
  value, lifetime: idempotencyTokenLifetime, mismatch: () => fail('InvalidInputException', `The idempotency token ${value} was used with other parameters`),
});

/** A user's name, `role/session`, or for another service what it acts for: `codepipeline/<pipeline>`, `rule/<name>`. */
function initiatorOf(caller: Caller): string {
  const source = parseArn(caller.sourceArn ?? '');
  if (source?.service === 'codepipeline') return `codepipeline/${source.resource}`;
  if (source?.service === 'events') return source.resource;
  // A pipeline's role session is named as the pipeline.
  if (caller.invokedBy === 'codepipeline.amazonaws.com') return `codepipeline/${caller.arn.slice(caller.arn.lastIndexOf('/') + 1)}`;
  const resource = parseArn(caller.arn)?.resource ?? caller.arn;
  return resource.replace(/^(user|assumed-role)\//, '');
}

