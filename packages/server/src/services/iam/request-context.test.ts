import { expect, test } from 'vitest';
import { serviceCaller } from '../../kernel/caller.ts';
import { requestContext } from './request-context.ts';

const facts = { request: { action: 'sqs:SendMessage', resource: 'arn:aws:sqs:us-east-1:222222222222:q' }, circumstances: { region: 'us-east-1', secure: true }, now: 0, principalTags: {}, resourceTags: {} };

test('a service in its own name is known by its name, its source and the source\'s account, and is no principal of that account', () => {
  const of = requestContext({ ...facts, caller: serviceCaller('sns.amazonaws.com', '111111111111', 'arn:aws:sns:us-east-1:111111111111:t') });
  expect(['aws:PrincipalServiceName', 'aws:PrincipalIsAWSService', 'aws:SourceAccount', 'aws:SourceArn', 'aws:ResourceAccount'].map((key) => of(key.toLowerCase()))).toEqual([
    ['sns.amazonaws.com'], ['true'], ['111111111111'], ['arn:aws:sns:us-east-1:111111111111:t'], ['222222222222'],
  ]);
  expect(['aws:PrincipalAccount', 'aws:PrincipalArn', 'aws:PrincipalType', 'aws:userid', 'aws:username'].map((key) => of(key.toLowerCase()))).toEqual([undefined, undefined, undefined, undefined, undefined]);
});

test('a user is known by its account and ARN, and by no source', () => {
  const arn = 'arn:aws:iam::111111111111:user/ann';
  const of = requestContext({ ...facts, caller: { account: '111111111111', arn, principalArn: arn, userId: 'AIDAX', kind: 'user' } });
  expect(['aws:PrincipalAccount', 'aws:PrincipalArn', 'aws:username'].map((key) => of(key.toLowerCase()))).toEqual([['111111111111'], [arn], ['ann']]);
  expect(['aws:PrincipalServiceName', 'aws:SourceAccount', 'aws:SourceArn'].map((key) => of(key.toLowerCase()))).toEqual([undefined, undefined, undefined]);
});
