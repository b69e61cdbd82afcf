import type { CodeBuildApi } from '@slipway/contracts';
import type { Project } from '@slipway/contracts/codebuild';
import type { Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Operations } from '../../../kernel/service.ts';
import { listTags, removeAllTags, replaceTags, type Tag } from '../../../kernel/tags.ts';
import type { Place } from '../../../kernel/place.ts';
import { projectArn, projectNameOf } from '../arns.ts';
import type { LocalCaches } from '../cache/index.ts';
import { checkConcurrency, checkDefinition, checkProjectName } from './checks/index.ts';
import { shownDefinition, withChanges, withoutRemoved, type ProjectDefinition } from './definition.ts';
import { fail, projectNotFound } from '../fail.ts';
import { maxTagLength, pageSize } from '../limits.ts';
import { pagesOf } from '../pages.ts';
import { deleteProject, findProject, findProjects, insertProject, listProjects, lockProject, updateProject, type ProjectPage, type ProjectRow } from './store.ts';
import { wakeAdmitted } from '../queue/turns.ts';

export interface ProjectsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly paging: Paging;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly concurrentBuilds: number;
  readonly caches: Pick<LocalCaches, 'tidy'>;
}

const refuseTags = (message: string): Error => fail('InvalidInputException', message);

const sortColumns = { NAME: 'name', CREATED_TIME: 'created_at', LAST_MODIFIED_TIME: 'modified_at' } as const;

export function projects({ db, clock, paging, jobs, concurrentBuilds, caches }: ProjectsDeps) {
  async function shown(row: ProjectRow): Promise<Project> {
    const arn = projectArn(row, row.name);
    const tags = await listTags(db.read, { account: row.account, arn });
    return { ...shownDefinition(JSON.parse(row.definition) as ProjectDefinition, row), name: row.name, arn, tags, created: row.created_at, lastModified: row.modified_at };
  }

  async function shownByName(place: Place, name: string): Promise<Project> {
    const row = await findProject(db, place, name);
    if (!row) throw projectNotFound(place, name);
    return shown(row);
  }

  return {
    async CreateProject({ name, tags, ...asked }, call) {
      checkProjectName(name);
      checkDefinition(asked, call);
      checkConcurrency(asked, concurrentBuilds);
      const definition = withoutRemoved(asked);
      const now = clock.now();
      await db.transaction(async (tx) => {
        await insertProject(tx, { account: call.account, region: call.region, name, definition: JSON.stringify(definition), last_build_number: 0, cache_generation: 0, created_at: now, modified_at: now })
          .catch(whenTaken(() => fail('ResourceAlreadyExistsException', `Project already exists: ${projectArn(call, name)}`)));
        await replaceTags(tx, { account: call.account, arn: projectArn(call, name) }, complete(tags), refuseTags);
      });
      return { project: await shownByName(call, name) };
    },

    async UpdateProject({ name: named, tags, ...changes }, call) {
      const name = projectNameOf(named, call);
      await db.transaction(async (tx) => {
        const row = await lockProject(tx, call, name);
        if (!row) throw projectNotFound(call, name);
        const definition = withChanges(JSON.parse(row.definition) as ProjectDefinition, changes);
        checkDefinition(definition, call);
        checkConcurrency(changes, concurrentBuilds);
        await updateProject(tx, row, { definition: JSON.stringify(definition), modified_at: clock.now() });
        if (tags) await replaceTags(tx, { account: call.account, arn: projectArn(call, name) }, complete(tags), refuseTags);
        if (changes.concurrentBuildLimit !== undefined) await wakeAdmitted(tx, { jobs, concurrentBuilds }, call);
      });
      return { project: await shownByName(call, name) };
    },

    /** Deleting what is not there succeeds, as on AWS. Builds stay listed by their ids. */
    async DeleteProject({ name: named }, call) {
      const name = projectNameOf(named, call);
      await db.transaction(async (tx) => {
        await deleteProject(tx, call, name);
        await removeAllTags(tx, { account: call.account, arn: projectArn(call, name) });
        // Its limit went with it, the builds that wait did not.
        await wakeAdmitted(tx, { jobs, concurrentBuilds }, call);
      });
      await caches.tidy();
      return {};
    },

    /** Later builds find no cache; what lies in a bucket stays there. */
    async InvalidateProjectCache({ projectName }, call) {
      const name = projectNameOf(projectName, call);
      await db.transaction(async (tx) => {
        const row = await lockProject(tx, call, name);
        if (!row) throw projectNotFound(call, name);
        await updateProject(tx, row, { cache_generation: row.cache_generation + 1 });
      });
      await caches.tidy();
      return {};
    },

    async BatchGetProjects({ names }, call) {
      const rows = new Map((await findProjects(db, call, names.map((name) => projectNameOf(name, call)))).map((row) => [row.name, row]));
      const found = names.map((name) => rows.get(projectNameOf(name, call))).filter((row) => row !== undefined);
      return { projects: await Promise.all(found.map(shown)), projectsNotFound: names.filter((name) => !rows.has(projectNameOf(name, call))) };
    },

    async ListProjects({ sortBy = 'NAME', sortOrder = 'ASCENDING', nextToken }, call) {
      const listing = pagesOf(paging, call, 'ListProjects', { sortBy, sortOrder });
      const key = listing.read(nextToken);
      const column = sortColumns[sortBy];
      const asked: ProjectPage = { sortBy: column, descending: sortOrder === 'DESCENDING', after: key && { name: String(key[0]), at: Number(key[1]) }, limit: pageSize + 1 };
      const rows = await listProjects(db, call, asked);
      const { page, next } = listing.cut(rows, pageSize, (row) => [row.name, column === 'name' ? 0 : row[column]]);
      return { projects: page.map((row) => row.name), nextToken: next };
    },
  } satisfies Partial<Operations<CodeBuildApi>>;
}

/** @throws InvalidInputException for a tag without key or value. */
function complete(tags: readonly { key?: string; value?: string }[] = []): Tag[] {
  return tags.map(({ key, value }) => {
    if (key === undefined || value === undefined) throw fail('InvalidInputException', 'A tag needs a key and a value');
    if (key.length > maxTagLength.key || value.length > maxTagLength.value) throw fail('InvalidInputException', `The key of a tag has at most ${maxTagLength.key} characters, its value ${maxTagLength.value}: ${key}`);
    return { key, value };
  });
}
