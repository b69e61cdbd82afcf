import type { CodeCommitApi } from '@slipway/contracts';
import type { Commit, Signature } from '../../git/index.ts';
import type { Operations } from '../../kernel/service.ts';
import { objectId } from './checks.ts';
import { fail } from './fail.ts';
import { existing } from './deps.ts';
import type { ContentDeps } from './deps.ts';

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
  } satisfies Partial<Operations<CodeCommitApi>>;
}

const described = ({ id, tree, parents, message, author, committer }: Commit) => ({
  commitId: id,
  treeId: tree,
  parents: [...parents],
  message,
  author: person(author),
  committer: person(committer),
  additionalData: '',
});

/** The date is git's own form: seconds and time zone. */
const person = ({ name, email, time, zone }: Signature) => ({ name, email, date: `${time / 1_000} ${zone}` });
