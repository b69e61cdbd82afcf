import type { CodeCommitApi } from '@slipway/contracts';
import type { BatchGetCommitsError } from '@slipway/contracts/codecommit';
import { isObjectId } from '../../../git/index.ts';
import type { Commit, Signature } from '../../../git/index.ts';
import type { Operations } from '../../../kernel/service.ts';
import { objectId } from '../checks.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { existing } from '../lookup.ts';
import type { ContentDeps } from '../deps.ts';

export function commits({ db, git }: ContentDeps) {
  return {
    async GetCommit(input, call) {
      const row = await existing(db, call, input.repositoryName);
      if (!input.commitId) throw fail('CommitIdRequiredException', 'A commit ID is required.');
      const id = objectId(input.commitId, 'InvalidCommitIdException', 'commit ID');
      const commit = await git.repository(row.repository_id).read.commit(id);
      if (!commit) throw fail('CommitIdDoesNotExistException', `The specified commit ID does not exist: ${id}`);
      return { commit: described(commit) };
    },

    /** Those that are not there are named as errors, each once. */
    async BatchGetCommits(input, call) {
      const row = await existing(db, call, input.repositoryName);
      if (!input.commitIds?.length) throw fail('CommitIdsListRequiredException', 'A list of commit IDs is required.');
      if (input.commitIds.length > limits.commitsPerBatch) throw fail('CommitIdsLimitExceededException', `A batch request has at most ${limits.commitsPerBatch} commit IDs.`);
      const { read } = git.repository(row.repository_id);
      const found = await Promise.all([...new Set(input.commitIds)].map(async (id) => ({ id, commit: await read.commit(id) })));
      return {
        commits: found.flatMap(({ commit }) => (commit ? [described(commit)] : [])),
        errors: found.filter(({ commit }) => !commit).map(({ id }) => missing(id)),
      };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

export const described = ({ id, tree, parents, message, author, committer }: Commit) => ({
  commitId: id,
  treeId: tree,
  parents: [...parents],
  message,
  author: person(author),
  committer: person(committer),
  additionalData: '',
});

const missing = (commitId: string): BatchGetCommitsError => (isObjectId(commitId)
  ? { commitId, errorCode: 'CommitIdDoesNotExistException', errorMessage: `The specified commit ID does not exist: ${commitId}` }
  : { commitId, errorCode: 'InvalidCommitIdException', errorMessage: 'The specified commit ID is not valid: a full ID of 40 lower-case hexadecimal digits is needed.' });

/** The date is git's own form: seconds and time zone. */
const person = ({ name, email, time, zone }: Signature) => ({ name, email, date: `${time / 1_000} ${zone}` });
