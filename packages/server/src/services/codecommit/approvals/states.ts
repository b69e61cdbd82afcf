import type { CodeCommitApi } from '@slipway/contracts';
import type { ApprovalState, OverrideStatus } from '@slipway/contracts/codecommit';
import type { Operations } from '../../../kernel/service.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { existingPullRequest, lockOpenPullRequest } from '../pull-requests/find.ts';
import { happened } from '../pull-requests/history.ts';
import type { PullRequestRow } from '../pull-requests/store.ts';
import type { ReviewDeps } from '../deps.ts';
import { evaluate } from './evaluate.ts';
import { approvalsOf, deleteApproval, deleteOverride, insertApproval, insertOverride, overriderOf } from './store.ts';

/** Approvals, and setting the rules aside. Both hang on one revision: the next one begins without. */
export function approvalStates(deps: ReviewDeps) {
  const { db, clock } = deps;
  return {
    /** Taking back what was not given changes nothing; neither does giving it twice. */
    async UpdatePullRequestApprovalState(input, call) {
      const revision = revisionOf(input.revisionId);
      const state = approvalState(input.approvalState);
      const found = await existingPullRequest(db, call, input.pullRequestId);
      const user = call.caller.arn;
      await db.transaction(async (tx) => {
        const { row, repository } = await lockOpenPullRequest(tx, found);
        isCurrent(row, revision);
        if (row.author_arn === user) {
          throw fail('PullRequestCannotBeApprovedByAuthorException', 'The approval cannot be applied because the user approving the pull request matches the user who created the pull request.');
        }
        const approvals = await approvalsOf(tx.query, row);
        const approved = approvals.some(({ user_arn: approver }) => approver === user);
        if (approved === (state === 'APPROVE')) return;
        const approval = { account: row.account, region: row.region, number: row.number, revision_id: revision, user_arn: user };
        if (state === 'REVOKE') await deleteApproval(tx, approval);
        else if (approvals.length >= limits.approvalsPerPullRequest) throw fail('MaximumNumberOfApprovalsExceededException', `A pull request has at most ${limits.approvalsPerPullRequest} approvals.`);
        else await insertApproval(tx, { ...approval, created_at: clock.now() });
        await happened(tx, deps, repository, row, {
          actor: user,
          entries: [{ type: 'PULL_REQUEST_APPROVAL_STATE_CHANGED', metadata: { approvalStateChangedEventMetadata: { revisionId: revision, approvalStatus: state } } }],
          tell: { event: 'pullRequestApprovalStateChanged', approvalStatus: state },
        });
      });
      return {};
    },

    async GetPullRequestApprovalStates(input, call) {
      const revision = revisionOf(input.revisionId);
      const { row } = await existingPullRequest(db, call, input.pullRequestId);
      const approvals = await approvalsOf(db.read, { ...row, revision_id: revision });
      return { approvals: approvals.map(({ user_arn: userArn }) => ({ userArn, approvalState: 'APPROVE' as const })) };
    },

    async EvaluatePullRequestApprovalRules(input, call) {
      const revision = revisionOf(input.revisionId);
      const { row } = await existingPullRequest(db, call, input.pullRequestId);
      isCurrent(row, revision);
      return { evaluation: await evaluate(db.read, row) };
    },

    async OverridePullRequestApprovalRules(input, call) {
      const revision = revisionOf(input.revisionId);
      const status = overrideStatus(input.overrideStatus);
      const found = await existingPullRequest(db, call, input.pullRequestId);
      await db.transaction(async (tx) => {
        const { row, repository } = await lockOpenPullRequest(tx, found);
        isCurrent(row, revision);
        if (status === 'OVERRIDE') {
          if (await overriderOf(tx.query, row) !== undefined) throw fail('OverrideAlreadySetException', 'The pull request has already had its approval rules set to override.');
          await insertOverride(tx, { account: row.account, region: row.region, number: row.number, revision_id: revision, user_arn: call.caller.arn });
        } else if (!await deleteOverride(tx, row)) return;
        await happened(tx, deps, repository, row, {
          actor: call.caller.arn,
          entries: [{ type: 'PULL_REQUEST_APPROVAL_RULE_OVERRIDDEN', metadata: { approvalRuleOverriddenEventMetadata: { revisionId: revision, overrideStatus: status } } }],
          tell: { event: 'pullRequestApprovalRuleOverridden', overrideStatus: status },
        });
      });
      return {};
    },

    async GetPullRequestOverrideState(input, call) {
      const revision = revisionOf(input.revisionId);
      const { row } = await existingPullRequest(db, call, input.pullRequestId);
      const overrider = await overriderOf(db.read, { ...row, revision_id: revision });
      return overrider === undefined ? { overridden: false } : { overridden: true, overrider };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

/** @throws RevisionIdRequiredException, InvalidRevisionIdException */
function revisionOf(id: string): string {
  if (id === '') throw fail('RevisionIdRequiredException', 'A revision ID is required.');
  if (!/^[0-9a-f]{64}$/.test(id)) throw fail('InvalidRevisionIdException', 'The revision ID is not valid. Use GetPullRequest to determine the value.');
  return id;
}

function isCurrent(row: PullRequestRow, revision: string): void {
  if (row.revision_id !== revision) throw fail('RevisionNotCurrentException', 'The revision ID provided in the request does not match the current revision ID. Use GetPullRequest to retrieve it.');
}

function approvalState(state: string): ApprovalState {
  if (state === '') throw fail('ApprovalStateRequiredException', 'An approval state is required.');
  if (state !== 'APPROVE' && state !== 'REVOKE') throw fail('InvalidApprovalStateException', 'The approval state must be APPROVE or REVOKE.');
  return state;
}

function overrideStatus(status: string): OverrideStatus {
  if (status === '') throw fail('OverrideStatusRequiredException', 'An override status is required.');
  if (status !== 'OVERRIDE' && status !== 'REVOKE') throw fail('InvalidOverrideStatusException', 'The override status must be OVERRIDE or REVOKE.');
  return status;
}
