import type { Git } from '../../../git/index.ts';
import type { Standing } from './shape.ts';
import type { PullRequestRow } from './store.ts';

/**
 * Where an open pull request's destination is now, which nobody writes into each of its pull requests when it moves; a
 * closed one stays as it was when it was closed.
 */
export async function standingOf(git: Git, row: PullRequestRow): Promise<Standing> {
  const { read } = git.repository(row.repository_id);
  const tip = row.status === 'OPEN' ? await read.reference(row.destination_reference) : undefined;
  if (tip === undefined) return { destination_commit: row.destination_commit, merge_base: row.merge_base };
  return { destination_commit: tip, merge_base: await read.mergeBase(row.source_commit, tip) ?? null };
}
