import type { CodeCommitApi } from '@slipway/contracts';
import type { RepositoryMetadata } from '@slipway/contracts/codecommit';
import type { Jobs } from '../../engine/jobs.ts';
import type { Git } from '../../git/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { uuid } from '../../kernel/ids.ts';
import { whenTaken } from '../../kernel/database/index.ts';
import type { PageKey, Paging } from '../../kernel/paging.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeAllTags, replaceTags } from '../../kernel/tags.ts';
import { repositoryArn } from './arns.ts';
import { repositoryDescription, repositoryName } from './checks.ts';
import { fail, notSupported } from './fail.ts';
import { limits } from './limits.ts';
import { existing } from './lookup.ts';
import { pagesOf } from './pages.ts';
import { deleteReviewsOf } from './reviews.ts';
import { deleteRepository, findRepositories, findRepository, insertRepository, listRepositories, updateRepository } from './store.ts';
import type { RepositoryRow } from './store.ts';
import { refuseTags, tagsIn } from './tags.ts';

const REMOVAL = 'codecommit/repository-removal';

export interface RepositoriesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly git: Git;
  readonly paging: Paging;
  /** Where git over SSH listens; undefined where it does not. */
  readonly sshPort: () => number | undefined;
}

export function repositories({ db, clock, jobs, git, paging, sshPort }: RepositoriesDeps) {
  // The row goes first and takes the name with it; the files follow, whatever happens in between.
  jobs.handle(REMOVAL, (run) => git.remove(run.key.id));

  return {
    async CreateRepository(input, call) {
      const name = repositoryName(input.repositoryName);
      const description = repositoryDescription(input.repositoryDescription);
      refuseMembers(input, ['kmsKeyId'], notSupported);
      const now = clock.now();
      const row: RepositoryRow = {
        account: call.account, region: call.region, repository_id: uuid(), name, description, default_branch: null, created_at: now, updated_at: now,
      };
      await db.transaction(async (tx) => {
        await insertRepository(tx, row).catch(nameExists(name));
        await putTags(tx, tagged(row), tagsIn(input.tags), refuseTags);
      });
      return { repositoryMetadata: metadata(row, call, sshPort()) };
    },

    async GetRepository(input, call) {
      return { repositoryMetadata: metadata(await existing(db, call, input.repositoryName), call, sshPort()) };
    },

    async BatchGetRepositories(input, call) {
      const { repositoryNames: names } = input;
      if (names.length === 0) throw fail('RepositoryNamesRequiredException', 'At least one repository name is required.');
      if (names.length > limits.batchRepositories) {
        throw fail('MaximumRepositoryNamesExceededException', `At most ${limits.batchRepositories} repository names can be given.`);
      }
      const found = new Map((await findRepositories(db, call, names.map(repositoryName))).map((row) => [row.name, row]));
      const rows = [...new Set(names)].map((name) => found.get(name)).filter((row) => row !== undefined);
      return {
        repositories: rows.map((row) => metadata(row, call, sshPort())),
        repositoriesNotFound: [...new Set(names)].filter((name) => !found.has(name)),
        errors: [],
      };
    },

    async ListRepositories(input, call) {
      const { sortBy = 'repositoryName', order = sortBy === 'lastModifiedDate' ? 'descending' : 'ascending' } = input;
      const listing = pagesOf(paging, call, 'ListRepositories', [sortBy, order]);
      const after = placeInList(listing.read(input.nextToken || undefined));
      const rows = await listRepositories(db, call, {
        sortBy: sortBy === 'lastModifiedDate' ? 'updated_at' : 'name',
        descending: order === 'descending',
        after,
        limit: limits.repositoriesPerPage + 1,
      });
      const { page, next } = listing.cut(rows, limits.repositoriesPerPage, (row) => [row.name, row.updated_at]);
      return { repositories: page.map((row) => ({ repositoryName: row.name, repositoryId: row.repository_id })), nextToken: next };
    },

    /** Deleting what is not there succeeds and answers no id, as AWS does. */
    async DeleteRepository(input, call) {
      const row = await findRepository(db, call, repositoryName(input.repositoryName));
      if (!row) return {};
      const deleted = await db.transaction(async (tx) => {
        const done = await deleteRepository(tx, row);
        if (!done) return false;
        await removeAllTags(tx, tagged(row));
        await deleteReviewsOf(tx, row);
        await jobs.wake(tx, { kind: REMOVAL, account: row.account, region: row.region, id: row.repository_id });
        return true;
      });
      return deleted ? { repositoryId: row.repository_id } : {};
    },

    async UpdateRepositoryDescription(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const description = repositoryDescription(input.repositoryDescription);
      if (!await db.transaction((tx) => updateRepository(tx, row, { description, updated_at: clock.now() }))) throw gone(row.name);
      return {};
    },

    /** Always refused: there is no key service here, so no key that a repository could be encrypted with, AWS's own included. */
    async UpdateRepositoryEncryptionKey(input, call) {
      const row = await existing(db, call, input.repositoryName);
      if (!input.kmsKeyId) throw fail('EncryptionKeyRequiredException', 'A KMS encryption key ID is required.');
      if (!/^[a-zA-Z0-9:/_-]+$/.test(input.kmsKeyId)) throw fail('EncryptionKeyInvalidIdException', 'The KMS encryption key ID is not valid.');
      throw fail('EncryptionKeyNotFoundException', `The key ${input.kmsKeyId} does not exist: Slipway has no AWS KMS yet, and ${row.name} is not encrypted with a key of it.`);
    },

    async UpdateRepositoryName(input, call) {
      const name = repositoryName(input.newName);
      const row = await existing(db, call, input.oldName);
      const renamed = await db.transaction(async (tx) => {
        // Tags hang on the ARN, which has the name in it.
        const tags = await listTags(tx.query, tagged(row));
        if (!await updateRepository(tx, row, { name, updated_at: clock.now() }).catch(nameExists(name))) return false;
        await removeAllTags(tx, tagged(row));
        await replaceTags(tx, tagged({ ...row, name }), tags, refuseTags);
        return true;
      });
      if (!renamed) throw gone(row.name);
      return {};
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

function metadata(row: RepositoryRow, call: Pick<Call, 'endpoint'>, port: number | undefined): RepositoryMetadata {
  return {
    accountId: row.account,
    repositoryId: row.repository_id,
    repositoryName: row.name,
    repositoryDescription: row.description ?? undefined,
    defaultBranch: row.default_branch ?? undefined,
    lastModifiedDate: row.updated_at,
    creationDate: row.created_at,
    cloneUrlHttp: `${call.endpoint}/v1/repos/${row.name}`,
    cloneUrlSsh: port === undefined ? undefined : `ssh://${new URL(call.endpoint).hostname}:${port}/v1/repos/${row.name}`,
    Arn: repositoryArn(row, row.name),
  };
}

const gone = (name: string): Error => fail('RepositoryDoesNotExistException', `${name} does not exist`);

const nameExists = (name: string) => whenTaken(() => fail('RepositoryNameExistsException', `Repository named ${name} already exists`));

const placeInList = (key: PageKey | undefined): Pick<RepositoryRow, 'name' | 'updated_at'> | undefined =>
  key && { name: String(key[0]), updated_at: Number(key[1]) };

const tagged = (row: Pick<RepositoryRow, 'account' | 'region' | 'name'>) => ({ account: row.account, arn: repositoryArn(row, row.name) });
