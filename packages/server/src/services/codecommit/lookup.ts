import type { Repository } from '../../git/index.ts';
import type { Database } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import { repositoryName } from './checks.ts';
import { fail } from './fail.ts';
import { findRepository } from './store.ts';
import type { RepositoryRow } from './store.ts';

/** @throws RepositoryNameRequiredException, InvalidRepositoryNameException, RepositoryDoesNotExistException */
export async function existing(db: Database, place: Place, name: string | undefined): Promise<RepositoryRow> {
  const row = await findRepository(db, place, repositoryName(name));
  if (!row) throw fail('RepositoryDoesNotExistException', `${name} does not exist`);
  return row;
}

/**
 * The commit behind what AWS calls a commit specifier: a full commit id, a branch, a tag, `HEAD` or a full reference
 * name; undefined when there is none. Without one, the tip of the default branch.
 */
export async function specifiedCommit(git: Repository, row: RepositoryRow, specifier: string | undefined): Promise<string | undefined> {
  const fallback = row.default_branch === null ? undefined : `refs/heads/${row.default_branch}`;
  if (specifier === undefined || specifier === '' || specifier === 'HEAD') return fallback === undefined ? undefined : git.read.commitId(fallback);
  return await git.read.commitId(specifier)
    ?? await git.read.commitId(`refs/heads/${specifier}`)
    ?? await git.read.commitId(`refs/tags/${specifier}`);
}
