import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../engine/outbox.ts';
import { templateEvent } from '../approvals/events.ts';
import type { TemplateHappening } from '../approvals/events.ts';
import type { TemplateRow } from '../approvals/store.ts';
import { commentEvent, reactionEvent } from '../comments/events.ts';
import type { CommentRow } from '../comments/store.ts';
import { mergeFacts, referenceMoved, unreferencedMergeCommitCreated } from '../events.ts';
import { pullRequestEvent } from '../pull-requests/events.ts';
import type { PullRequestHappening } from '../pull-requests/events.ts';
import type { PullRequestRow } from '../pull-requests/store.ts';
import type { RepositoryRow } from '../store.ts';

/**
 * The User Guide's examples of "Monitoring CodeCommit events", with the same names and ids. Of theirs these differ in
 * three ways: dates are all in the form that most of them have, every address is in the newer console's form, and the
 * events of references name their caller, as those in service do.
 */
const golden = JSON.parse(readFileSync(new URL('./review-events.json', import.meta.url), 'utf8')) as Record<string, Pick<DomainEvent, 'detailType' | 'resources' | 'detail'>>;

const at = Date.UTC(2019, 10, 6, 19, 10, 58);
const mary = 'arn:aws:iam::123456789012:user/Mary_Major';
const li = 'arn:aws:iam::123456789012:user/Li_Juan';
const repository: RepositoryRow = {
  account: '123456789012', region: 'us-east-2', repository_id: '12345678-1234-5678-abcd-12345678abcd', name: 'MyDemoRepo', description: null, default_branch: 'main', created_at: at, updated_at: at,
} as RepositoryRow;
const pullRequest: PullRequestRow = {
  account: '123456789012', region: 'us-east-2', number: 227, repository_id: repository.repository_id, title: 'My example pull request', description: 'An example description.', status: 'OPEN',
  author_arn: li, source_reference: 'refs/heads/test-branch', destination_reference: 'refs/heads/main', source_commit: '29964a17EXAMPLE', destination_commit: '194fdf00EXAMPLE', merge_base: null,
  revision_id: '3b8cecab3EXAMPLE', client_request_token: null, merged_by: null, merge_commit: null, merge_option: null, events: 1, created_at: at, active_at: at,
};
const template: TemplateRow = {
  account: '123456789012', region: 'us-east-2', template_id: 'd7385967-EXAMPLE', name: '2-approvers-required-for-main', description: null, content: '', content_sha256: 'f742eebbEXAMPLE', modified_by: mary, created_at: at, modified_at: at,
};
const comment: CommentRow = {
  account: '123456789012', region: 'us-east-2', comment_id: '463bEXAMPLE', sequence: 1, repository_id: repository.repository_id, pull_request: null, before_commit: '3c5dEXAMPLE', after_commit: 'f4d5EXAMPLE',
  before_blob: null, after_blob: null, file_path: null, file_position: null, file_version: null, in_reply_to: '695bEXAMPLE', content: 'Hm.', deleted: 0, author_arn: mary, client_request_token: null, created_at: at, modified_at: at,
};
const displayed = { arn: 'arn:aws:sts::123456789012:federated-user/Mary_Major', displayName: 'Mary Major', emailAddress: 'mary_major@example.com' };
const none = '0'.repeat(40);
const merge = mergeFacts({ source: '26a8f2SOURCE', destination: '3e5983DESTINATION', option: 'THREE_WAY_MERGE', terms: { detail: 'LINE_LEVEL', strategy: 'AUTOMERGE' } }, '3e5a9bf1BASE');

const ofPullRequest = (happening: PullRequestHappening, change: Partial<PullRequestRow> = {}): DomainEvent => pullRequestEvent(repository, { ...pullRequest, ...change }, mary, happening);
const ofRule = (event: 'pullRequestApprovalRuleCreated' | 'pullRequestApprovalRuleUpdated' | 'pullRequestApprovalRuleDeleted'): DomainEvent =>
  ofPullRequest({ event, approvalRuleName: '1-approver-needed', approvalRuleId: '0a9b5dfc-EXAMPLE', approvalRuleContentSha256: 'f742eebbEXAMPLE' });
const ofTemplate = (event: TemplateHappening, ...names: string[]): DomainEvent =>
  templateEvent(template, mary, event, names.map((name) => ({ name, repository_id: `${name}-id` })));

const events: Record<string, DomainEvent | undefined> = {
  referenceCreated: referenceMoved(repository, { ref: 'refs/heads/myBranch', old: none, new: '3e5983DESTINATION' }, mary),
  referenceUpdated: referenceMoved(repository, { ref: 'refs/heads/myBranch', old: '3e5983DESTINATION', new: '7f0103fMERGE' }, mary, merge),
  referenceDeleted: referenceMoved(repository, { ref: 'refs/heads/myBranch', old: '26a8f2EXAMPLE', new: none }, mary),
  unreferencedMergeCommitCreated: unreferencedMergeCommitCreated(repository, '7f0103fMERGE', merge, mary),
  commentOnCommitCreated: commentEvent(repository, comment, displayed, 'Created'),
  commentOnCommitUpdated: commentEvent(repository, comment, displayed, 'Updated'),
  commentOnPullRequestCreated: commentEvent(repository, { ...comment, pull_request: 201 }, displayed, 'Created'),
  commentOnPullRequestUpdated: commentEvent(repository, { ...comment, pull_request: 201, in_reply_to: null }, { arn: mary }, 'Updated'),
  pullRequestCreated: ofPullRequest({ event: 'pullRequestCreated' }),
  pullRequestSourceBranchUpdated: ofPullRequest({ event: 'pullRequestSourceBranchUpdated' }),
  pullRequestStatusChanged: ofPullRequest({ event: 'pullRequestStatusChanged' }, { status: 'CLOSED' }),
  pullRequestMergeStatusUpdated: ofPullRequest({ event: 'pullRequestMergeStatusUpdated' }, { status: 'CLOSED', merged_by: mary, merge_option: 'FAST_FORWARD_MERGE', description: null }),
  pullRequestApprovalRuleCreated: ofRule('pullRequestApprovalRuleCreated'),
  pullRequestApprovalRuleUpdated: ofRule('pullRequestApprovalRuleUpdated'),
  pullRequestApprovalRuleDeleted: ofRule('pullRequestApprovalRuleDeleted'),
  pullRequestApprovalRuleOverridden: ofPullRequest({ event: 'pullRequestApprovalRuleOverridden', overrideStatus: 'OVERRIDE' }),
  pullRequestApprovalStateChanged: ofPullRequest({ event: 'pullRequestApprovalStateChanged', approvalStatus: 'REVOKE' }),
  approvalRuleTemplateCreated: ofTemplate('approvalRuleTemplateCreated'),
  approvalRuleTemplateUpdated: ofTemplate('approvalRuleTemplateUpdated'),
  approvalRuleTemplateDeleted: ofTemplate('approvalRuleTemplateDeleted'),
  approvalRuleTemplateAssociatedWithRepository: ofTemplate('approvalRuleTemplateAssociatedWithRepository', 'MyDemoRepo'),
  approvalRuleTemplateDisassociatedFromRepository: ofTemplate('approvalRuleTemplateDisassociatedFromRepository', 'MyDemoRepo'),
  batchAssociateApprovalRuleTemplateWithRepositories: ofTemplate('batchAssociateApprovalRuleTemplateWithRepositories', 'MyDemoRepo', 'MyTestRepo'),
  batchDisassociateApprovalRuleTemplateFromRepositories: ofTemplate('batchDisassociateApprovalRuleTemplateFromRepositories', 'MyDemoRepo', 'MyTestRepo'),
  commentReactionCreated: reactionEvent(repository, '28930161-EXAMPLE', mary, 'thumbsdown', 'Created'),
  commentReactionUpdated: reactionEvent(repository, '28930161-EXAMPLE', mary, 'smile', 'Updated'),
};

describe('events', () => {
  it.each(Object.keys(golden))('%s is as AWS documents it', (name) => {
    const event = events[name]!;
    expect(event).toMatchObject({ source: 'aws.codecommit', account: '123456789012', region: 'us-east-2' });
    expect({ detailType: event.detailType, resources: event.resources, detail: event.detail }).toEqual(golden[name]);
  });

  it('are all among them', () => expect(Object.keys(events)).toEqual(Object.keys(golden)));
});
