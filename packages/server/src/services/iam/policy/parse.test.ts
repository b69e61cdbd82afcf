import { expect, test } from 'vitest';
import { parsePolicy } from './index.ts';
import type { PolicyKind } from './index.ts';

const good = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const text = (statement: unknown, more: object = { Version: '2012-10-17' }): string => JSON.stringify({ ...more, Statement: statement });

test.each<[string, string, PolicyKind, string]>([
  ['broken JSON', '{', 'identity', 'This policy contains invalid Json'],
  ['not an object', '[]', 'identity', 'Syntax errors in policy.'],
  ['no statement', '{"Version":"2012-10-17"}', 'identity', 'Syntax errors in policy.'],
  ['an unknown element', text({ ...good, Extra: 1 }), 'identity', 'Syntax errors in policy.'],
  ['an old version', text(good, {}), 'identity', 'Policy document must be version 2012-10-17 or greater.'],
  ['an unknown version', text(good, { Version: '2013-01-01' }), 'identity', 'Syntax errors in policy.'],
  ['a wrong effect', text({ ...good, Effect: 'allow' }), 'identity', 'Syntax errors in policy.'],
  ['a principal', text({ ...good, Principal: '*' }), 'identity', 'Policy document should not specify a principal.'],
  ['no action', text({ Effect: 'Allow', Resource: '*' }), 'identity', 'Policy statement must contain actions.'],
  ['no resource', text({ Effect: 'Allow', Action: 's3:*' }), 'identity', 'Policy statement must contain resources.'],
  ['Action and NotAction', text({ ...good, NotAction: 's3:*' }), 'identity', 'Syntax errors in policy.'],
  ['an action without vendor', text({ ...good, Action: 'GetObject' }), 'identity', 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'],
  ['a wrong vendor', text({ ...good, Action: 's_3:GetObject' }), 'identity', 'Vendor s_3 is not valid'],
  ['a resource that is no ARN', text({ ...good, Resource: 'bucket' }), 'identity', 'Resource bucket must be in ARN format or "*".'],
  ['a wrong partition', text({ ...good, Resource: 'arn:mars:s3:::x' }), 'identity', 'Partition "mars" is not valid for resource "arn:mars:s3:::x".'],
  ['an unknown operator', text({ ...good, Condition: { StringSame: { 'a:b': 'c' } } }), 'identity', 'Invalid Condition type : StringSame.'],
  ['a condition key without vendor', text({ ...good, Condition: { StringEquals: { b: 'c' } } }), 'identity', 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'],
  ['the same Sid twice', text([{ ...good, Sid: 'a' }, { ...good, Sid: 'a' }]), 'identity', 'Statement IDs (SID) in a single policy must be unique.'],
  ['a resource in a trust policy', text({ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole', Resource: '*' }), 'trust', 'Has prohibited field Resource'],
  ['no principal in a trust policy', text({ Effect: 'Allow', Action: 'sts:AssumeRole' }), 'trust', 'Missing required field Principal'],
  ['another action in a trust policy', text({ Effect: 'Allow', Principal: '*', Action: 's3:*' }), 'trust', 'AssumeRole policy may only specify STS AssumeRole actions.'],
  ['an unreadable principal', text({ Effect: 'Allow', Principal: { AWS: 'bob' }, Action: 'sts:AssumeRole' }), 'trust', 'Invalid principal in policy: "AWS":"bob"'],
])('%s is refused in AWS\'s words', (_what, document, kind, message) => expect(() => parsePolicy(document, kind)).toThrow(message));

test('a single statement, numbers and booleans are read as lists of texts', () => {
  expect(parsePolicy(text({ ...good, Condition: { Bool: { 'aws:SecureTransport': true }, NumericLessThan: { 's3:max-keys': 10 } } }), 'identity').statements).toEqual([
    {
      sid: undefined, effect: 'Allow', principals: undefined, notPrincipals: false, actions: ['s3:GetObject'], notActions: false, resources: ['*'], notResources: false,
      conditions: [{ operator: 'Bool', key: 'aws:SecureTransport', values: ['true'] }, { operator: 'NumericLessThan', key: 's3:max-keys', values: ['10'] }],
    },
  ]);
});
