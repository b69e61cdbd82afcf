import { lockRow } from '../../../kernel/database/index.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import type { BuildRow } from '../builds/store.ts';
import type { ProjectRow } from '../projects/store.ts';
import type { QueueState } from './queue.ts';

type Tables = {
  codebuild_projects: ProjectRow;
  codebuild_builds: BuildRow;
  codebuild_queues: Place;
};

type Source = Pick<Database, 'read'>;

/** Decisions about one account's queue wait for each other, also where several servers share the database. */
export async function lockQueue(tx: Transaction, { account, region }: Place): Promise<void> {
  const query = tx.query.withTables<Tables>();
  await query.insertInto('codebuild_queues').values({ account, region }).onConflict((conflict) => conflict.doNothing()).execute();
  await query.selectFrom('codebuild_queues').selectAll().where('account', '=', account).where('region', '=', region).$call(lockRow(tx)).execute();
}

/** Who runs and who waits, and the limits of the projects of those who wait. */
export async function queueState(source: Source | Transaction, { account, region }: Place): Promise<QueueState> {
  const query = ('query' in source ? source.query : source.read).withTables<Tables>();
  const rows = await query.selectFrom('codebuild_builds').select(['id', 'project', 'phase'])
    .where('account', '=', account).where('region', '=', region).where('status', '=', 'IN_PROGRESS').orderBy('started_at').orderBy('number').orderBy('id').execute();
  const waiting = rows.filter(({ phase }) => phase === 'QUEUED').map(({ id, project }) => ({ id, project }));
  const running = new Map<string, number>();
  for (const { project, phase } of rows) if (phase !== 'QUEUED') running.set(project, (running.get(project) ?? 0) + 1);
  const names = [...new Set(waiting.map(({ project }) => project))];
  const projects = names.length === 0 ? [] : await query.selectFrom('codebuild_projects').select(['name', 'definition']).where('account', '=', account).where('region', '=', region).where('name', 'in', names).execute();
  const limits = new Map<string, number>();
  for (const { name, definition } of projects) {
    const { concurrentBuildLimit } = JSON.parse(definition) as { concurrentBuildLimit?: number };
    if (concurrentBuildLimit !== undefined) limits.set(name, concurrentBuildLimit);
  }
  return { waiting, running, limits };
}

/** Builds under way, waiting ones included. */
export async function countUnfinishedBuilds(tx: Transaction, { account, region }: Place): Promise<number> {
  const { count } = await tx.query.withTables<Tables>().selectFrom('codebuild_builds').select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('account', '=', account).where('region', '=', region).where('status', '=', 'IN_PROGRESS').executeTakeFirstOrThrow();
  return Number(count);
}
