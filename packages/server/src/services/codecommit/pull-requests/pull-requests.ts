import type { CodeCommitApi } from '@slipway/contracts';
import type { CreatePullRequestInput } from '@slipway/contracts/codecommit';
import type { Git } from '../../../git/index.ts';
import type { Transaction } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import type { Paging } from '../../../kernel/paging.ts';
import { replay } from '../../../kernel/replay.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { rulesOf } from '../approvals/store.ts';
import { rulesFromTemplates } from '../approvals/from-templates.ts';
import { clientToken } from '../client-tokens.ts';
import { nextNumber } from '../counters.ts';
import { existing } from '../lookup.ts';
import { fail } from '../fail.ts';
import { identityFault } from '../identities.ts';
import { limits } from '../limits.ts';
import { pageSize, pagesOf } from '../pages.ts';
import type { ReviewDeps } from '../deps.ts';
import { lockRepository } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { branchIn, description, oneTarget, status, title } from './checks.ts';
import { existingPullRequest, lockFound, lockOpenPullRequest } from './find.ts';
import { sourceMoved } from './follow.ts';
import { CLOSED, happened, historyEvent } from './history.ts';
import { revisionId } from './revision.ts';
import { pullRequestShape } from './shape.ts';
import { standingOf } from './standing.ts';
import { countOpenPullRequests, findPullRequest, insertPullRequest, listPullRequestEvents, listPullRequests, updatePullRequest } from './store.ts';
import type { PullRequestRow } from './store.ts';

export interface PullRequestsDeps extends ReviewDeps {
  readonly git: Git;
  readonly paging: Paging;
}

export function pullRequests(deps: PullRequestsDeps) {
  const { db, clock, git, paging } = deps;

  /** Changes a pull request that must be open, and answers it. */
  async function changeOpen(call: Call, id: string, change: Pick<Partial<PullRequestRow>, 'title' | 'description'>) {
    const found = await existingPullRequest(db, call, id);
    const { row, repository } = await db.transaction(async (tx) => {
      const locked = await lockOpenPullRequest(tx, found);
      const changed = { ...change, active_at: clock.now() };
      await updatePullRequest(tx, locked.row, changed);
      return { ...locked, row: { ...locked.row, ...changed } };
    });
    return shown(row, repository);
  }

  async function shown(row: PullRequestRow, repository: RepositoryRow) {
    return { pullRequest: pullRequestShape(row, repository.name, await rulesOf(db.read, row), await standingOf(git, row)) };
  }

  return {
    async CreatePullRequest(input, call) {
      const token = clientToken(input.clientRequestToken);
      const words = { title: title(input.title), description: description(input.description) };
      const target = oneTarget(input.targets);
      const row = await existing(db, call, target.repositoryName);
      // Where the branches are is read before the transaction; what is wrong with them counts only for a request that is new.
      const ends = await settled(() => endsOf(git, row, target));
      const { clientRequestToken, ...request } = input;
      const output = await db.transaction((tx) => replay(tx, call, 'codecommit:CreatePullRequest', request satisfies Omit<CreatePullRequestInput, 'clientRequestToken'>, async () => {
        const repository = await lockRepository(tx, row, row.repository_id);
        if (!repository) throw fail('RepositoryDoesNotExistException', `${row.name} does not exist`);
        return created(tx, call, repository, { ...words, ...ends(), client_request_token: clientRequestToken ?? null });
      }, { now: clock.now(), token }));
      await catchUp(call, Number(output.pullRequest.pullRequestId));
      return output;
    },

    async GetPullRequest(input, call) {
      const { row, repository } = await existingPullRequest(db, call, input.pullRequestId);
      return shown(row, repository);
    },

    async ListPullRequests(input, call) {
      const repository = await existing(db, call, input.repositoryName);
      const fault = input.authorArn === undefined ? undefined : identityFault(input.authorArn, call);
      if (fault === 'invalid') throw fail('InvalidAuthorArnException', `The author's ARN is not valid: ${input.authorArn}`);
      if (fault === 'unknown') throw fail('AuthorDoesNotExistException', `The author does not exist in this account: ${input.authorArn}`);
      const limit = pageSize(input.maxResults, { most: limits.pullRequestsPerPage });
      const listing = pagesOf(paging, call, 'ListPullRequests', [repository.repository_id, input.authorArn, input.pullRequestStatus]);
      const below = listing.read(input.nextToken || undefined)?.[0];
      const rows = await listPullRequests(db, repository, {
        author: input.authorArn, status: input.pullRequestStatus, below: below === undefined ? undefined : Number(below), limit: limit + 1,
      });
      const { page, next } = listing.cut(rows, limit, ({ number }) => [number]);
      return { pullRequestIds: page.map(({ number }) => String(number)), nextToken: next };
    },

    async UpdatePullRequestTitle(input, call) {
      return changeOpen(call, input.pullRequestId, { title: title(input.title) });
    },

    async UpdatePullRequestDescription(input, call) {
      return changeOpen(call, input.pullRequestId, { description: description(input.description) });
    },

    /** From open to closed only; saying again what it is changes nothing. */
    async UpdatePullRequestStatus(input, call) {
      const next = status(input.pullRequestStatus);
      const found = await existingPullRequest(db, call, input.pullRequestId);
      const standing = await standingOf(git, found.row);
      const { row, repository } = await db.transaction(async (tx) => {
        const locked = await lockFound(tx, found.row);
        if (locked.row.status === next) return locked;
        if (next === 'OPEN') throw fail('InvalidPullRequestStatusUpdateException', 'The pull request status update is not valid. The only valid update is from OPEN to CLOSED.');
        const change = { status: next, ...standing };
        return { ...locked, row: await happened(tx, deps, locked.repository, locked.row, { actor: call.caller.arn, change, entries: [CLOSED], tell: { event: 'pullRequestStatusChanged' } }) };
      });
      return shown(row, repository);
    },

    async DescribePullRequestEvents(input, call) {
      const { row } = await existingPullRequest(db, call, input.pullRequestId);
      const fault = input.actorArn === undefined ? undefined : identityFault(input.actorArn, call);
      if (fault === 'invalid') throw fail('InvalidActorArnException', `The actor's ARN is not valid: ${input.actorArn}`);
      if (fault === 'unknown') throw fail('ActorDoesNotExistException', `The actor does not exist in this account: ${input.actorArn}`);
      const limit = pageSize(input.maxResults, { most: limits.pullRequestEventsPerPage });
      const listing = pagesOf(paging, call, 'DescribePullRequestEvents', [row.number, input.pullRequestEventType, input.actorArn]);
      const after = Number(listing.read(input.nextToken || undefined)?.[0] ?? 0);
      const rows = await listPullRequestEvents(db, row, { type: input.pullRequestEventType, actor: input.actorArn, after, limit: limit + 1 });
      const { page, next } = listing.cut(rows, limit, ({ sequence }) => [sequence]);
      return { pullRequestEvents: page.map(historyEvent), nextToken: next };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;

  async function created(tx: Transaction, call: Call, repository: RepositoryRow, about: Ends & Pick<PullRequestRow, 'title' | 'description' | 'client_request_token'>) {
    if (await countOpenPullRequests(tx, repository) >= limits.openPullRequestsPerRepository) {
      throw fail('MaximumOpenPullRequestsExceededException', `The repository has ${limits.openPullRequestsPerRepository} open pull requests, which is the most.`);
    }
    const now = clock.now();
    const row: PullRequestRow = {
      account: call.account, region: call.region, number: await nextNumber(tx, call, 'pull-request'), repository_id: repository.repository_id,
      status: 'OPEN', author_arn: call.caller.arn, revision_id: revisionId(), merged_by: null, merge_commit: null, merge_option: null, events: 0, created_at: now, active_at: now, ...about,
    };
    await insertPullRequest(tx, row);
    const rules = await rulesFromTemplates(tx, row, repository);
    const metadata = {
      pullRequestCreatedEventMetadata: {
        repositoryName: repository.name, sourceCommitId: row.source_commit, destinationCommitId: row.destination_commit, ...row.merge_base === null ? {} : { mergeBase: row.merge_base },
      },
    };
    const told = await happened(tx, deps, repository, row, { actor: call.caller.arn, entries: [{ type: 'PULL_REQUEST_CREATED', metadata }], tell: { event: 'pullRequestCreated' } });
    return { pullRequest: pullRequestShape(told, repository.name, rules) };
  }

  /** The source may have moved while the pull request was being made: whoever moved it did not know of the pull request yet. */
  async function catchUp(place: Place & Pick<Call, 'caller'>, number: number): Promise<void> {
    const row = await findPullRequest(db, place, number);
    const tip = row && await git.repository(row.repository_id).read.reference(row.source_reference);
    if (!row || tip === undefined || tip === row.source_commit) return;
    const standing = await standingOf(git, { ...row, source_commit: tip });
    await db.transaction(async (tx) => {
      const locked = await lockFound(tx, row);
      await sourceMoved(tx, deps, locked, { from: row.source_commit, to: tip, actor: place.caller.arn, ...standing });
    });
  }
}

type Ends = Pick<PullRequestRow, 'source_reference' | 'destination_reference' | 'source_commit' | 'destination_commit' | 'merge_base'>;

/** @throws ReferenceDoesNotExistException, ReferenceTypeNotSupportedException, SourceAndDestinationAreSameException */
async function endsOf(git: Git, repository: RepositoryRow, target: { sourceReference: string; destinationReference?: string }): Promise<Ends> {
  const { read } = git.repository(repository.repository_id);
  const tipOf = async (reference: string, given: string): Promise<string> => {
    const tip = await read.reference(reference);
    if (tip !== undefined) return tip;
    if (await read.reference(reference.replace('refs/heads/', 'refs/tags/')) !== undefined) throw fail('ReferenceTypeNotSupportedException', `A pull request needs a branch, not a tag: ${given}`);
    throw fail('ReferenceDoesNotExistException', `The reference does not exist: ${given}`);
  };
  const source = branchIn(target.sourceReference);
  const destinationName = target.destinationReference ?? repository.default_branch;
  if (destinationName === null) throw fail('ReferenceDoesNotExistException', 'The repository has no default branch.');
  const destination = branchIn(destinationName);
  if (source === destination) throw fail('SourceAndDestinationAreSameException', 'The source branch and the destination branch are the same.');
  const [sourceCommit, destinationCommit] = [await tipOf(source, target.sourceReference), await tipOf(destination, destinationName)];
  return {
    source_reference: source, destination_reference: destination, source_commit: sourceCommit, destination_commit: destinationCommit,
    merge_base: await read.mergeBase(sourceCommit, destinationCommit) ?? null,
  };
}

/** Does the work at once and hands out later what came of it. */
async function settled<T>(work: () => Promise<T>): Promise<() => T> {
  try {
    const value = await work();
    return () => value;
  } catch (error) {
    return () => { throw error; };
  }
}
