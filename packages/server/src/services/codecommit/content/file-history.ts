import type { CodeCommitApi } from '@slipway/contracts';
import type { Operations } from '../../../kernel/service.ts';
import { commitSpecifier } from '../checks.ts';
import { filePath } from './commit-writing.ts';
import { described } from './commits.ts';
import { existing, specifiedCommit } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { pagesOf, pageSize } from '../pages.ts';

export function fileHistory({ db, git, paging }: ContentDeps) {
  return {
    /** The commits that changed a file, the newest first, each with the later commits that changed it next. Renames begin a new history. */
    async ListFileCommitHistory(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const repository = git.repository(row.repository_id);
      if (input.commitSpecifier === '') throw fail('CommitRequiredException', 'A commit is required.');
      const path = filePath(input.filePath).join('/');
      const specifier = input.commitSpecifier === undefined ? undefined : commitSpecifier(input.commitSpecifier);
      const tip = await specifiedCommit(repository, row, specifier);
      if (tip === undefined) throw fail('CommitDoesNotExistException', `The specified commit does not exist: ${specifier ?? 'the repository has no commits'}`);
      const most = pageSize(input.maxResults, { most: limits.fileVersionsPerPage });
      const listing = pagesOf(paging, call, 'ListFileCommitHistory', [row.repository_id, path, tip]);
      const from = Number(listing.read(input.nextToken || undefined)?.[0] ?? 0);
      const history = await repository.read.fileHistory(tip, path, limits.fileVersions + 1);
      if (history.length > limits.fileVersions) throw fail('TipsDivergenceExceededException', `More than ${limits.fileVersions} commits changed the file. List them locally, with git log.`);
      const children = new Map<string, string[]>();
      for (const { commit, parents } of history) for (const parent of parents) children.set(parent, [...children.get(parent) ?? [], commit]);
      const page = history.slice(from, from + most);
      const revisionDag = await Promise.all(page.map(async ({ commit: id }) => {
        const commit = (await repository.read.commit(id))!;
        const entry = await repository.read.entry(commit.tree, path.split('/'));
        return { commit: described(commit), ...entry ? { blobId: entry.id } : {}, path, revisionChildren: children.get(id) ?? [] };
      }));
      return { revisionDag, ...from + page.length < history.length ? { nextToken: listing.after([from + page.length]) } : {} };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}
