import type { CodeCommitApi } from '@slipway/contracts';
import type { Git } from '../../../git/index.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { objectId } from '../checks.ts';
import { existing } from '../lookup.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { pageSize, pagesOf } from '../pages.ts';
import { associated, existingPullRequest } from '../pull-requests/find.ts';
import type { ReviewDeps } from '../deps.ts';
import type { RepositoryRow } from '../store.ts';
import { aboutOf, byPlace, commentShape } from './shape.ts';
import { listComments, reactionsTo } from './store.ts';
import type { CommentFilter } from './store.ts';

/** Reading comments: pages count comments, and each page groups its own by place. */
export function commentListings({ db, git, paging }: ReviewDeps & { readonly git: Git; readonly paging: Paging }) {
  async function commit(repository: RepositoryRow, id: string | undefined): Promise<string> {
    if (!id) throw fail('CommitIdRequiredException', 'A commit ID is required.');
    const found = await git.repository(repository.repository_id).read.commit(objectId(id, 'InvalidCommitIdException', 'commit ID'));
    if (!found) throw fail('CommitDoesNotExistException', `The commit does not exist: ${id}`);
    return found.id;
  }

  async function list(call: Call, operation: string, input: { nextToken?: string; maxResults?: number }, repository: RepositoryRow, filter: Omit<CommentFilter, 'behind' | 'limit' | 'repository'>) {
    const limit = pageSize(input.maxResults, { most: limits.commentsPerPage.most, usual: limits.commentsPerPage.default });
    const listing = pagesOf(paging, call, operation, [repository.repository_id, filter.pullRequest, filter.before, filter.after]);
    const behind = Number(listing.read(input.nextToken || undefined)?.[0] ?? 0);
    const rows = await listComments(db, call, { ...filter, repository: repository.repository_id, behind, limit: limit + 1 });
    const { page, next } = listing.cut(rows, limit, ({ sequence }) => [sequence]);
    const reactions = await reactionsTo(db.read, call, page.map(({ comment_id: id }) => id));
    const groups = byPlace(page).map((place) => ({
      ...aboutOf(place[0]!, repository.name),
      comments: place.map((row) => commentShape(row, reactions, call.caller.arn)),
    }));
    return { groups, next };
  }

  return {
    async GetCommentsForComparedCommit(input, call) {
      const repository = await existing(db, call, input.repositoryName);
      const after = await commit(repository, input.afterCommitId);
      const before = input.beforeCommitId === undefined ? undefined : await commit(repository, input.beforeCommitId);
      const { groups, next } = await list(call, 'GetCommentsForComparedCommit', input, repository, { before, after });
      return { commentsForComparedCommitData: groups, nextToken: next };
    },

    /** All of the pull request's comments, or those on one comparison: then repository and both commits belong together. */
    async GetCommentsForPullRequest(input, call) {
      const found = await existingPullRequest(db, call, input.pullRequestId);
      const narrowed = [input.repositoryName, input.beforeCommitId, input.afterCommitId].some((member) => member !== undefined);
      if (narrowed) associated(found, await existing(db, call, input.repositoryName));
      const comparison = narrowed ? { before: await commit(found.repository, input.beforeCommitId), after: await commit(found.repository, input.afterCommitId) } : {};
      const { groups, next } = await list(call, 'GetCommentsForPullRequest', input, found.repository, { pullRequest: found.row.number, ...comparison });
      return { commentsForPullRequestData: groups.map((group) => ({ pullRequestId: input.pullRequestId, ...group })), nextToken: next };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}
