import { describe, expect, it } from 'vitest';
import { appliesTo, BadContent, contentSha256, isApprover, isSatisfied, parseContent } from './content.ts';

const content = (statements: unknown, more: object = {}): string => JSON.stringify({ Version: '2018-11-08', Statements: statements, ...more });
const approvers = (needed: unknown, pool?: unknown) => [{ Type: 'Approvers', NumberOfApprovalsNeeded: needed, ApprovalPoolMembers: pool }];

describe('the content of an approval rule', () => {
  it('is read: how many approvals, by whom, into which branches', () => {
    expect(parseContent(content(approvers(2, ['CodeCommitApprovers:123456789012:Mary_Major']), { DestinationReferences: ['refs/heads/main', 'refs/heads/rel*'] }), 'template'))
      .toEqual({ destinations: ['refs/heads/main', 'refs/heads/rel*'], statements: [{ needed: 2, pool: ['CodeCommitApprovers:123456789012:Mary_Major'] }] });
    expect(parseContent(content(approvers(1)), 'rule')).toEqual({ statements: [{ needed: 1 }] });
  });

  it.each([
    ['no JSON', '{'],
    ['another version', JSON.stringify({ Version: '2012-10-17', Statements: approvers(1) })],
    ['no statement', content([])],
    ['another type', content([{ Type: 'Deniers', NumberOfApprovalsNeeded: 1 }])],
    ['no approvals', content(approvers(0))],
    ['half an approval', content(approvers(1.5))],
    ['a member that means nothing', content(approvers(1), { Effect: 'Deny' })],
    ['destinations on a pull request\'s own rule', content(approvers(1), { DestinationReferences: ['refs/heads/main'] })],
    ['a pool of names', content(approvers(1, ['mary']))],
    ['a pool with a bucket', content(approvers(1, ['arn:aws:s3:::bucket']))],
    ['51 approvers', content(approvers(1, Array.from({ length: 51 }, (_, index) => `CodeCommitApprovers:123456789012:u${index}`)))],
    ['more than 3,000 characters', content(approvers(1), { x: 'x'.repeat(3_000) })],
  ])('is refused with %s', (_, text) => {
    expect(() => parseContent(text, 'rule')).toThrow(BadContent);
  });

  it.each(['main', 'refs/heads/*main', 'refs/tags/v1', 'refs/heads/a..b', 7])('is refused with the destination %j', (reference) => {
    expect(() => parseContent(content(approvers(1), { DestinationReferences: [reference] }), 'template')).toThrow(BadContent);
  });

  it('applies to the branches it names, wildcards included, and to all without any', () => {
    const template = parseContent(content(approvers(1), { DestinationReferences: ['refs/heads/main', 'refs/heads/rel/*-x'] }), 'template');
    expect(['refs/heads/main', 'refs/heads/rel/1-x', 'refs/heads/rel/1', 'refs/heads/mainx'].map((ref) => appliesTo(template, ref))).toEqual([true, true, false, false]);
    expect(appliesTo(parseContent(content(approvers(1)), 'template'), 'refs/heads/any')).toBe(true);
  });
});

describe('approval pools', () => {
  const user = 'arn:aws:iam::123456789012:user/Mary_Major';
  const federated = 'arn:aws:sts::123456789012:federated-user/Mary_Major';
  const session = 'arn:aws:sts::123456789012:assumed-role/CodeCommitReview/Mary_Major';
  const elsewhere = 'arn:aws:iam::999999999999:user/Mary_Major';
  it.each([
    ['CodeCommitApprovers:123456789012:Mary_Major', [true, true, false, false]],
    ['CodeCommitApprovers:123456789012:*Mary_Major', [true, true, true, false]],
    ['CodeCommitApprovers:123456789012:CodeCommitReview/*', [false, false, true, false]],
    ['CodeCommitApprovers:123456789012:CodeCommitReview/Mary_Major', [false, false, true, false]],
    ['CodeCommitApprovers:123456789012:*', [true, true, true, false]],
    ['arn:aws:iam::123456789012:user/Mary_Major', [true, false, false, false]],
    ['arn:aws:sts::123456789012:assumed-role/CodeCommitReview/*', [false, false, true, false]],
    ['arn:aws:sts::123456789012:assumed-role/CodeCommitReview', [false, false, true, false]],
    ['arn:aws:sts::123456789012:assumed-role/CodeCommit', [false, false, false, false]],
    ['arn:aws:iam::123456789012:role/team/CodeCommitReview', [false, false, true, false]],
    ['arn:aws:iam::123456789012:role/Other', [false, false, false, false]],
  ])('%s', (member, expected) => {
    expect([user, federated, session, elsewhere].map((arn) => isApprover(member, arn))).toEqual(expected);
  });

  it('finds a user with a path by name', () => {
    expect(isApprover('CodeCommitApprovers:123456789012:Li', 'arn:aws:iam::123456789012:user/team/Li')).toBe(true);
  });

  it('counts each approver once, and only those of the pool', () => {
    const rule = parseContent(content(approvers(2, ['arn:aws:sts::123456789012:assumed-role/CodeCommitReview/*'])), 'rule');
    expect(isSatisfied(rule, [user, session])).toBe(false);
    expect(isSatisfied(rule, [session, `${session}2`])).toBe(true);
  });

  it('takes no time over a hostile pattern', () => {
    const started = performance.now();
    expect(isApprover(`CodeCommitApprovers:123456789012:${'*a'.repeat(100)}b`, `arn:aws:iam::123456789012:user/${'a'.repeat(1_000)}`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

it('a content\'s signature is its SHA-256 in hexadecimal', () => {
  expect(contentSha256('{}')).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
});
