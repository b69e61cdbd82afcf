import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const installed = await run('aws', ['--version']).then(() => true, () => false);

let s: Slipway;
let folder: string;
let people: Record<'ada' | 'bob', Record<string, string>>;
beforeAll(async () => {
  s = await Slipway.start();
  folder = await mkdtemp(join(tmpdir(), 'slipway-review-'));
  const everything = { Action: ['codecommit:*'], Resource: '*' };
  people = { ada: s.cliEnvironment(await s.user('ada', everything)), bob: s.cliEnvironment(await s.user('bob', everything)) };
});
afterAll(async () => {
  await s.stop();
  await rm(folder, { recursive: true, force: true });
});

type Answer = Record<string, Record<string, string> & { pullRequestTargets: Record<string, string>[] }>;

/** `aws codecommit …` as one of them; what is refused rejects with what the CLI says. */
async function aws(who: 'ada' | 'bob', ...args: string[]): Promise<Answer> {
  const { stdout } = await run('aws', ['codecommit', '--output', 'json', ...args], { env: { ...process.env, ...people[who], NO_PROXY: '127.0.0.1', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' } });
  return (stdout === '' ? {} : JSON.parse(stdout)) as Answer;
}

/** The CLI's versions differ in what they take as content on the command line, not in what they read from a file. */
async function put(branch: string, path: string, content: string, ...more: string[]): Promise<Answer> {
  await writeFile(join(folder, path), content);
  return aws('ada', 'put-file', '--repository-name', 'shop', '--branch-name', branch, '--file-path', path, '--file-content', `fileb://${join(folder, path)}`, ...more);
}

it.skipIf(!installed)('a change is proposed, discussed, improved, approved and merged with the stock aws CLI', async () => {
  await aws('ada', 'create-repository', '--repository-name', 'shop');
  const { commitId: first } = await put('main', 'a.txt', 'one\n') as unknown as Record<string, string>;
  const content = JSON.stringify({ Version: '2018-11-08', DestinationReferences: ['refs/heads/main'], Statements: [{ Type: 'Approvers', NumberOfApprovalsNeeded: 1, ApprovalPoolMembers: [`CodeCommitApprovers:${s.account}:bob`] }] });
  await aws('ada', 'create-approval-rule-template', '--approval-rule-template-name', 'Bob for main', '--approval-rule-template-content', content);
  await aws('ada', 'associate-approval-rule-template-with-repository', '--approval-rule-template-name', 'Bob for main', '--repository-name', 'shop');

  await aws('ada', 'create-branch', '--repository-name', 'shop', '--branch-name', 'feature', '--commit-id', first!);
  const { commitId: second } = await put('feature', 'b.txt', 'two\n', '--parent-commit-id', first!) as unknown as Record<string, string>;
  const { pullRequest } = await aws('ada', 'create-pull-request', '--title', 'Two', '--description', 'Adds two', '--targets', 'repositoryName=shop,sourceReference=feature,destinationReference=main');
  const id = pullRequest!['pullRequestId']!;
  expect(pullRequest).toMatchObject({ pullRequestStatus: 'OPEN', approvalRules: [{ approvalRuleName: 'Bob for main' }] });
  const asked = aws('ada', 'merge-pull-request-by-fast-forward', '--pull-request-id', id, '--repository-name', 'shop');
  await expect(asked).rejects.toThrow(/PullRequestApprovalRulesNotSatisfiedException/);

  const { comment } = await aws('bob', 'post-comment-for-pull-request', '--pull-request-id', id, '--repository-name', 'shop', '--before-commit-id', first!, '--after-commit-id', second!,
    '--content', 'Two of what?', '--location', 'filePath=b.txt,filePosition=1,relativeFileVersion=AFTER');
  await aws('ada', 'post-comment-reply', '--in-reply-to', comment!['commentId']!, '--content', 'I will say so.');
  await aws('ada', 'put-comment-reaction', '--comment-id', comment!['commentId']!, '--reaction-value', ':thumbsup:');
  expect((await aws('bob', 'get-comment-reactions', '--comment-id', comment!['commentId']!))['reactionsForComment']).toMatchObject([{ reaction: { shortCode: 'thumbsup' } }]);
  await put('feature', 'b.txt', 'two apples\n', '--parent-commit-id', second!);

  const { pullRequest: improved } = await aws('bob', 'get-pull-request', '--pull-request-id', id);
  const revision = improved!['revisionId']!;
  expect(revision).not.toBe(pullRequest!['revisionId']);
  await expect(aws('ada', 'update-pull-request-approval-state', '--pull-request-id', id, '--revision-id', revision, '--approval-state', 'APPROVE')).rejects.toThrow(/PullRequestCannotBeApprovedByAuthorException/);
  await aws('bob', 'update-pull-request-approval-state', '--pull-request-id', id, '--revision-id', revision, '--approval-state', 'APPROVE');
  expect((await aws('ada', 'evaluate-pull-request-approval-rules', '--pull-request-id', id, '--revision-id', revision))['evaluation']).toMatchObject({ approved: true, approvalRulesSatisfied: ['Bob for main'] });

  const { pullRequest: merged } = await aws('ada', 'merge-pull-request-by-squash', '--pull-request-id', id, '--repository-name', 'shop', '--commit-message', 'Two apples', '--author-name', 'Ada', '--email', 'ada@example.com');
  expect(merged).toMatchObject({ pullRequestStatus: 'CLOSED', pullRequestTargets: [{ mergeMetadata: { isMerged: true, mergeOption: 'SQUASH_MERGE' } }] });
  const { pullRequestEvents } = await aws('ada', 'describe-pull-request-events', '--pull-request-id', id) as unknown as { pullRequestEvents: { pullRequestEventType: string }[] };
  expect(pullRequestEvents.map(({ pullRequestEventType: type }) => type.replace('PULL_REQUEST_', ''))).toEqual(['CREATED', 'SOURCE_REFERENCE_UPDATED', 'APPROVAL_STATE_CHANGED', 'MERGE_STATE_CHANGED', 'STATUS_CHANGED']);
  const { commentsForPullRequestData: threads } = await aws('ada', 'get-comments-for-pull-request', '--pull-request-id', id) as unknown as { commentsForPullRequestData: { comments: { content: string }[] }[] };
  expect(threads.map(({ comments }) => comments.map(({ content: text }) => text))).toEqual([['Two of what?', 'I will say so.']]);
  const file = await aws('bob', 'get-file', '--repository-name', 'shop', '--file-path', 'b.txt') as unknown as Record<string, string>;
  expect(Buffer.from(file['fileContent']!, 'base64').toString()).toBe('two apples\n');
}, 120_000);
