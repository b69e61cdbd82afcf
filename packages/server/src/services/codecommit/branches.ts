import type { CodeCommitApi } from '@slipway/contracts';
import { branchReference, NO_OBJECT, ReferenceMoved } from '../../git/index.ts';
import type { Operations } from '../../kernel/service.ts';
import { branchName, objectId } from './checks.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';
import { existing } from './lookup.ts';
import type { ContentDeps } from './deps.ts';
import { pagesOf } from './pages.ts';
import { findRepositoryById, updateRepository } from './store.ts';

export function branches({ db, clock, git, changes, paging }: ContentDeps) {
  return {
    async CreateBranch(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const name = branchName(input.branchName);
      if (!input.commitId) throw fail('CommitIdRequiredException', 'A commit ID is required.');
      const commit = objectId(input.commitId, 'InvalidCommitIdException', 'commit ID');
      const repository = git.repository(row.repository_id);
      if (!await repository.read.commit(commit)) throw fail('CommitDoesNotExistException', `The specified commit does not exist: ${commit}`);
      const taken = (cause?: unknown): Error => fail('BranchNameExistsException', `A branch named ${name} already exists, or its name conflicts with one that does.`, { cause });
      if (await repository.read.reference(branchReference(name)) !== undefined) throw taken();
      try {
        await repository.move([{ ref: branchReference(name), old: NO_OBJECT, new: commit }], changes.guard(row, call.caller.arn));
      } catch (error) {
        throw error instanceof ReferenceMoved ? taken(error) : error;
      }
      return {};
    },

    async GetBranch(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const name = branchName(input.branchName);
      const commitId = await git.repository(row.repository_id).read.reference(branchReference(name));
      if (commitId === undefined) throw missing(name);
      return { branch: { branchName: name, commitId } };
    },

    async ListBranches(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const names = (await git.repository(row.repository_id).read.branches()).map(({ name }) => name);
      const { page, next } = pagesOf(paging, call, 'ListBranches', row.repository_id).within(names, input.nextToken || undefined, limits.branchesPerPage, (name) => name);
      return { branches: [...page], nextToken: next };
    },

    /** Deleting a branch that is not there succeeds and answers nothing, as AWS does. */
    async DeleteBranch(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const name = branchName(input.branchName);
      const repository = git.repository(row.repository_id);
      for (;;) {
        const current = await findRepositoryById(db, row) ?? row;
        if (current.default_branch === name) throw fail('DefaultBranchCannotBeDeletedException', `The default branch cannot be deleted: ${name}`);
        const commitId = await repository.read.reference(branchReference(name));
        if (commitId === undefined) return {};
        try {
          await repository.move([{ ref: branchReference(name), old: commitId, new: NO_OBJECT }], changes.guard(row, call.caller.arn));
          return { deletedBranch: { branchName: name, commitId } };
        } catch (error) {
          // A push was faster: what it left is what is deleted.
          if (!(error instanceof ReferenceMoved)) throw error;
        }
      }
    },

    async UpdateDefaultBranch(input, call) {
      const row = await existing(db, call, input.repositoryName);
      const name = branchName(input.defaultBranchName);
      await changes.whileStill(row, branchReference(name), async () => {
        const found = await git.repository(row.repository_id).read.reference(branchReference(name));
        if (found === undefined) throw missing(name);
        await db.transaction((tx) => updateRepository(tx, row, { default_branch: name, updated_at: clock.now() }));
      });
      return {};
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

const missing = (name: string): Error => fail('BranchDoesNotExistException', `The branch does not exist: ${name}`);
