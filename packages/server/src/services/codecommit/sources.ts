import type { GitSources, Repository, SourceRequest } from '../../git/index.ts';
import { isObjectId } from '../../git/index.ts';
import type { Authorizer } from '../../kernel/access.ts';
import type { Database } from '../../kernel/database.ts';
import { gitAccess } from './access.ts';
import { fail } from './fail.ts';
import { existing, specifiedCommit } from './lookup.ts';

/** Answers the port through which builds and pipelines take sources. */
export function gitSources({ db, git, authorizer }: { db: Database; git: { repository(id: string): Repository }; authorizer: Authorizer }): GitSources {
  const allow = async (action: 'GitPull' | 'UploadArchive', { caller, account, region, repositoryName }: SourceRequest): Promise<void> => {
    await authorizer.authorize(caller, [gitAccess(action, { account, region }, repositoryName)], { region, secure: true });
  };
  const commitIn = async (request: SourceRequest & { commitId: string }): Promise<Repository> => {
    const repository = git.repository((await existing(db, request, request.repositoryName)).repository_id);
    if (!isObjectId(request.commitId) || !await repository.read.commit(request.commitId)) throw noCommit(request.commitId);
    return repository;
  };

  return {
    async resolve(request) {
      await allow('GitPull', request);
      const row = await existing(db, request, request.repositoryName);
      const commit = await specifiedCommit(git.repository(row.repository_id), row, pinned(request.version) ?? request.version);
      if (commit === undefined) throw noCommit(request.version ?? 'the repository has no commits');
      return commit;
    },
    async openArchive(request) {
      await allow('UploadArchive', request);
      return (await commitIn(request)).archive(request.commitId);
    },
    async checkout(request) {
      await allow('GitPull', request);
      await (await commitIn(request)).checkout(request.commitId, request);
    },
  };
}

/** The commit id in `refs/heads/main^{<commit id>}`, CodeBuild's way to pin a reference. */
const pinned = (version: string | undefined): string | undefined => /^refs\/(?:heads|tags)\/.+\^\{([0-9a-f]{40})\}$/.exec(version ?? '')?.[1];

const noCommit = (what: string): Error => fail('CommitDoesNotExistException', `The specified commit does not exist: ${what}`);
