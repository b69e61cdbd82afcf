import { describe, expect, test } from 'vitest';
import { compilePolicy, evaluate, prepare, refusal } from './index.ts';
import type { PolicyKind, RequestPrincipal } from './index.ts';

const ann: RequestPrincipal = { kind: 'user', account: '111122223333', arn: 'arn:aws:iam::111122223333:user/ann', principalArn: 'arn:aws:iam::111122223333:user/ann', userId: 'AIDAEXAMPLE' };
const session: RequestPrincipal = { kind: 'role', account: '111122223333', arn: 'arn:aws:sts::111122223333:assumed-role/Build/s1', principalArn: 'arn:aws:iam::111122223333:role/Build', userId: 'AROAEXAMPLE:s1' };

type StatementJson = Record<string, unknown>;
const policy = (statement: StatementJson | StatementJson[], kind: PolicyKind = 'identity') => compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statement }), kind);
const allow = (more: StatementJson = {}): StatementJson => ({ Effect: 'Allow', Action: '*', Resource: '*', ...more });
const deny = (more: StatementJson = {}): StatementJson => ({ Effect: 'Deny', Action: '*', Resource: '*', ...more });

function ask(options: { action?: string; resource?: string; context?: Record<string, string | string[]>; principal?: RequestPrincipal } = {}) {
  const context = new Map(Object.entries(options.context ?? {}).map(([key, value]) => [key.toLowerCase(), [value].flat()]));
  return prepare({
    principal: options.principal ?? ann, action: options.action ?? 's3:GetObject', resource: options.resource ?? 'arn:aws:s3:::bucket/key',
    context: (key) => context.get(key),
  });
}

const allows = (statement: StatementJson | StatementJson[], request: Parameters<typeof ask>[0] = {}): boolean => evaluate(ask(request), { identity: [policy(statement)] }).allowed;

describe('actions', () => {
  test.each<[string | string[], string, boolean]>([
    ['*', 's3:GetObject', true],
    ['s3:*', 's3:GetObject', true],
    ['S3:getobject', 's3:GetObject', true],
    ['s3:Get*', 's3:GetObject', true],
    ['s3:Get*', 's3:PutObject', false],
    ['s3:?etObject', 's3:GetObject', true],
    ['s3:*Object*', 's3:GetObjectVersion', true],
    [['ec2:*', 's3:GetObject'], 's3:GetObject', true],
    ['s3:GetObject', 's3:GetObjectVersion', false],
  ])('%j over %s: %s', (pattern, action, expected) => expect(allows(allow({ Action: pattern }), { action })).toBe(expected));

  test('NotAction covers everything else', () => {
    const statement = { Effect: 'Allow', NotAction: ['iam:*'], Resource: '*' };
    expect(allows(statement, { action: 's3:GetObject' })).toBe(true);
    expect(allows(statement, { action: 'iam:ListUsers' })).toBe(false);
  });
});

describe('resources', () => {
  test.each<[string, string, boolean]>([
    ['*', '*', true],
    ['arn:aws:codebuild:*:*:project/*', '*', false],
    ['arn:aws:s3:::bucket/*', 'arn:aws:s3:::bucket/a/b:c', true],
    ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/a', false],
    ['arn:aws:s3:::Bucket/*', 'arn:aws:s3:::bucket/a', false],
    ['arn:aws:logs:*:*:*', 'arn:aws:logs:us-east-1:111122223333:log-group:x:log-stream:y', true],
    ['arn:aws:logs:us-*:*:log-group:a?c:*', 'arn:aws:logs:us-east-1:111122223333:log-group:abc:log-stream:y', true],
    ['arn:aws:codebuild:*', 'arn:aws:codebuild:us-east-1:111122223333:project/x', true],
    ['arn:aws:s3:::*a*b*', 'arn:aws:s3:::xxaxxbxx', true],
    ['arn:aws:s3:::*a*b', 'arn:aws:s3:::xxaxxbxx', false],
  ])('%s over %s: %s', (pattern, resource, expected) => expect(allows(allow({ Resource: pattern }), { resource })).toBe(expected));

  test('NotResource covers everything else', () => {
    const statement = { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::secret/*' };
    expect(allows(statement)).toBe(true);
    expect(allows(statement, { resource: 'arn:aws:s3:::secret/x' })).toBe(false);
  });

  test('a variable is replaced by the request\'s value, its default, or matches nothing', () => {
    const home = allow({ Resource: 'arn:aws:s3:::home/${aws:username}/*' });
    expect(allows(home, { resource: 'arn:aws:s3:::home/ann/x', context: { 'aws:username': 'ann' } })).toBe(true);
    expect(allows(home, { resource: 'arn:aws:s3:::home/bob/x', context: { 'aws:username': 'ann' } })).toBe(false);
    expect(allows(home, { resource: 'arn:aws:s3:::home//x' })).toBe(false);
    expect(allows(allow({ Resource: "arn:aws:s3:::${aws:PrincipalTag/team, 'common'}/*" }), { resource: 'arn:aws:s3:::common/x' })).toBe(true);
  });

  test('a wildcard inside a variable\'s value is plain text; ${*} is an asterisk', () => {
    expect(allows(allow({ Resource: 'arn:aws:s3:::${aws:username}' }), { resource: 'arn:aws:s3:::any', context: { 'aws:username': '*' } })).toBe(false);
    expect(allows(allow({ Resource: 'arn:aws:s3:::a${*}' }), { resource: 'arn:aws:s3:::ab' })).toBe(false);
    expect(allows(allow({ Resource: 'arn:aws:s3:::a${*}' }), { resource: 'arn:aws:s3:::a*' })).toBe(true);
  });
});

describe('conditions', () => {
  const cases: [string, string | string[], string | string[] | undefined, boolean][] = [
    ['StringEquals', 'a', 'a', true],
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringEquals', 'a*', 'ab', false],
    ['StringEquals', 'a', 'A', false],
    ['StringEquals', 'a', undefined, false],
    ['StringEqualsIfExists', 'a', undefined, true],
    ['StringEqualsIfExists', 'a', 'b', false],
    ['StringNotEquals', 'a', 'b', true],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', 'a', undefined, true],
    ['StringEqualsIgnoreCase', 'aB', 'Ab', true],
    ['StringNotEqualsIgnoreCase', 'aB', 'Ab', false],
    ['StringLike', 'refs/heads/*', 'refs/heads/x/y', true],
    ['StringLike', 'a?c', 'ac', false],
    ['StringNotLike', 'a*', 'abc', false],
    ['NumericEquals', '10', '10.0', true],
    ['NumericNotEquals', '10', '11', true],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThanEquals', '10', '10', true],
    ['NumericGreaterThan', '10', '10', false],
    ['NumericGreaterThanEquals', '10', 'x', false],
    ['DateGreaterThan', '2024-01-01T00:00:00Z', '2024-06-01T00:00:00Z', true],
    ['DateLessThan', '2024-01-01T00:00:00Z', '2024-06-01T00:00:00Z', false],
    ['DateEquals', '1704067200', '2024-01-01T00:00:00Z', true],
    ['Bool', 'true', 'true', true],
    ['Bool', 'True', 'false', false],
    ['IpAddress', '203.0.113.0/24', '203.0.113.9', true],
    ['IpAddress', ['10.0.0.0/8', '2001:db8::/32'], '2001:db8::1', true],
    ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['NotIpAddress', '203.0.113.0/24', '203.0.113.9', false],
    ['ArnLike', 'arn:aws:events:*:111122223333:rule/*', 'arn:aws:events:us-east-1:111122223333:rule/x', true],
    ['ArnEquals', 'arn:aws:events:*:rule/x', 'arn:aws:events:us-east-1:111122223333:rule/x', false],
    ['ArnNotEquals', 'arn:aws:iam::111122223333:role/x', 'arn:aws:iam::111122223333:role/y', true],
    ['Null', 'true', undefined, true],
    ['Null', 'false', undefined, false],
    ['Null', 'false', 'x', true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
    ['ForAllValues:StringEquals', ['a'], undefined, true],
    ['ForAnyValue:StringEquals', ['a'], ['x', 'a'], true],
    ['ForAnyValue:StringEquals', ['a'], undefined, false],
    ['ForAnyValue:StringNotEquals', ['a'], ['a', 'x'], true],
    ['ForAllValues:StringNotLike', ['a*'], ['ab', 'x'], false],
  ];
  test.each(cases)('%s %j over %j: %s', (operator, wanted, given, expected) => {
    expect(allows(allow({ Condition: { [operator]: { 'Test:Key': wanted } } }), given === undefined ? {} : { context: { 'test:key': given } })).toBe(expected);
  });

  test('every operator and every key must hold', () => {
    const both = allow({ Condition: { StringEquals: { 'a:x': '1', 'a:y': '2' }, Bool: { 'a:z': 'true' } } });
    expect(allows(both, { context: { 'a:x': '1', 'a:y': '2', 'a:z': 'true' } })).toBe(true);
    expect(allows(both, { context: { 'a:x': '1', 'a:y': '3', 'a:z': 'true' } })).toBe(false);
    expect(allows(both, { context: { 'a:x': '1', 'a:y': '2' } })).toBe(false);
  });

  test('a compiled policy tells which keys it reads', () => {
    const read = policy(allow({ Resource: 'arn:aws:s3:::${aws:username}', Condition: { StringEquals: { 'aws:ResourceTag/Team': '${aws:PrincipalTag/Team}' } } }));
    expect([...read.keys].toSorted()).toEqual(['aws:principaltag/team', 'aws:resourcetag/team', 'aws:username']);
  });
});

const trust = (principal: unknown, more: StatementJson = {}) => policy({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole', ...more }, 'trust');

function refuse(policies: Parameters<typeof evaluate>[1]): string {
  const decision = evaluate(ask(), policies);
  return decision.allowed ? 'allowed' : refusal(ann.arn, 's3:GetObject', 'arn:aws:s3:::bucket/key', decision);
}

describe('decisions', () => {
  const assume = ask({ action: 'sts:AssumeRole', resource: 'arn:aws:iam::111122223333:role/Target' });

  test('nothing said is an implicit deny', () => expect(evaluate(ask(), { identity: [] })).toEqual({ allowed: false, why: 'implicit', in: 'identity-based policy' }));

  test('an explicit deny wins over every allow and names its statement', () => {
    const denying = policy([allow(), deny({ Sid: 'NoDelete', Action: 's3:Delete*' })]);
    expect(evaluate(ask({ action: 's3:DeleteObject' }), { identity: [policy(allow()), denying] })).toMatchObject({ allowed: false, why: 'explicit', by: { policy: denying, index: 1, sid: 'NoDelete' } });
  });

  test('a boundary, a session policy and each service control level must allow too', () => {
    const identity = [policy(allow())];
    const onlyEc2 = policy(allow({ Action: 'ec2:*' }));
    expect(evaluate(ask(), { identity, boundary: onlyEc2 })).toMatchObject({ why: 'implicit', in: 'permissions boundary' });
    expect(evaluate(ask(), { identity, session: [onlyEc2] })).toMatchObject({ why: 'implicit', in: 'session policy' });
    expect(evaluate(ask(), { identity, serviceControl: [identity, [onlyEc2]] })).toMatchObject({ why: 'implicit', in: 'service control policy' });
    expect(evaluate(ask(), { identity, boundary: policy(allow()), session: [policy(allow())], serviceControl: [identity] }).allowed).toBe(true);
  });

  test('in one account a resource policy that names the user is enough; one that names the account is not', () => {
    expect(evaluate(assume, { identity: [], resource: [trust({ AWS: ann.arn })] }).allowed).toBe(true);
    expect(evaluate(assume, { identity: [], resource: [trust({ AWS: '111122223333' })] }).allowed).toBe(false);
    expect(evaluate(assume, { identity: [policy(allow())], resource: [trust({ AWS: 'arn:aws:iam::111122223333:root' })] }).allowed).toBe(true);
  });

  test('across accounts both sides must allow', () => {
    const identity = [policy(allow())];
    expect(evaluate(assume, { identity, crossAccount: true }).allowed).toBe(false);
    expect(evaluate(assume, { identity: [], resource: [trust({ AWS: ann.arn })], crossAccount: true }).allowed).toBe(false);
    expect(evaluate(assume, { identity, resource: [trust({ AWS: '111122223333' })], crossAccount: true }).allowed).toBe(true);
  });

  test('a role named by a resource policy is still limited by its session policy; the named session is not', () => {
    const request = ask({ action: 'sts:AssumeRole', resource: 'arn:aws:iam::111122223333:role/T', principal: session });
    const narrowed = { identity: [], session: [policy(allow({ Action: 'ec2:*' }))] };
    expect(evaluate(request, { ...narrowed, resource: [trust({ AWS: session.principalArn })] })).toMatchObject({ why: 'implicit', in: 'session policy' });
    expect(evaluate(request, { ...narrowed, resource: [trust({ AWS: session.arn })] }).allowed).toBe(true);
  });

  test('a service is trusted by name, with the trust policy\'s conditions', () => {
    const service: RequestPrincipal = { kind: 'service', account: '111122223333', arn: 'codebuild.amazonaws.com', principalArn: '', userId: '' };
    const request = ask({ action: 'sts:AssumeRole', principal: service });
    const alone = (principal: unknown, more?: StatementJson) => evaluate(request, { identity: [], resource: [trust(principal, more)], resourceAlone: true }).allowed;
    expect(alone({ Service: ['codepipeline.amazonaws.com', 'codebuild.amazonaws.com'] })).toBe(true);
    expect(alone({ Service: 'codepipeline.amazonaws.com' })).toBe(false);
    expect(alone({ Service: 'codebuild.amazonaws.com' }, { Condition: { StringEquals: { 'sts:ExternalId': 'x' } } })).toBe(false);
  });

  test('NotPrincipal covers everybody else', () => {
    const others = policy({ Effect: 'Deny', NotPrincipal: { AWS: ann.arn }, Action: '*', Resource: '*' }, 'resource');
    expect(evaluate(ask(), { identity: [policy(allow())], resource: [others] }).allowed).toBe(true);
    expect(evaluate(ask({ principal: session }), { identity: [policy(allow())], resource: [others] })).toMatchObject({ why: 'explicit', in: 'resource-based policy' });
  });

  test('refusals read as AWS words them', () => {
    const start = 'User: arn:aws:iam::111122223333:user/ann is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::bucket/key';
    expect(refuse({ identity: [] })).toBe(`${start} because no identity-based policy allows the s3:GetObject action`);
    expect(refuse({ identity: [policy(deny())] })).toBe(`${start} with an explicit deny in an identity-based policy`);
    expect(refuse({ identity: [policy(allow())], boundary: policy(deny()) })).toBe(`${start} with an explicit deny in a permissions boundary`);
  });
});
