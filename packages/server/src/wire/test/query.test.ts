import { CreateRoleCommand, DeleteUserCommand, GetUserCommand, IAMClient, ListAccessKeysCommand, ListUsersCommand, SimulateCustomPolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { presignUrl } from '@slipway/sigv4';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { account, permanent, stubServer } from './stub-server.ts';
import type { StubServer } from './stub-server.ts';

let server: StubServer;
let iam: IAMClient;
let sts: STSClient;

beforeAll(async () => {
  server = await stubServer(['iam', 'sts', 's3', 'codebuild']);
  const config = { endpoint: server.endpoint, region: 'us-east-1', credentials: permanent, maxAttempts: 1 };
  iam = new IAMClient(config);
  sts = new STSClient(config);
});
afterAll(() => server.close());
beforeEach(() => {
  server.answer = {};
  server.heard.length = 0;
});

test('awsQuery: lists of structures arrive and times, lists and booleans are read back', async () => {
  const CreateDate = Date.UTC(2026, 0, 2, 3, 4, 5);
  server.answer = { Role: { Path: '/', RoleName: 'r<&>', RoleId: 'AROA', Arn: 'arn:aws:iam::1:role/r', CreateDate, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '' }] } };
  const input = { RoleName: 'r', AssumeRolePolicyDocument: '{"Version": "2012-10-17", "ü": "+ &="}', MaxSessionDuration: 3600, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '' }] };
  const answer = await iam.send(new CreateRoleCommand(input));
  expect(server.heard).toEqual([{ service: 'iam', operation: 'CreateRole', input }]);
  expect(answer.Role).toMatchObject({ RoleName: 'r<&>', CreateDate: new Date(CreateDate), Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '' }] });
  expect(answer.$metadata.requestId).toBe('the-request-id');
});

test('awsQuery: lists of strings, nested lists and paging', async () => {
  await iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: ['p'], ActionNames: ['s3:Get*', 's3:Put*'], ContextEntries: [{ ContextKeyName: 'k', ContextKeyValues: ['1', '2'], ContextKeyType: 'string' }] }));
  expect(server.heard[0]!.input).toEqual({ PolicyInputList: ['p'], ActionNames: ['s3:Get*', 's3:Put*'], ContextEntries: [{ ContextKeyName: 'k', ContextKeyValues: ['1', '2'], ContextKeyType: 'string' }] });
  server.answer = { Users: [], IsTruncated: true, Marker: 'more' };
  expect(await iam.send(new ListUsersCommand({ MaxItems: 1 }))).toMatchObject({ Users: [], IsTruncated: true, Marker: 'more' });
});

test('awsQuery: an operation without output answers, and one without input takes nothing', async () => {
  await iam.send(new DeleteUserCommand({ UserName: 'u' }));
  server.answer = { Account: account, Arn: 'arn', UserId: 'id' };
  expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: account, Arn: 'arn', UserId: 'id' });
  server.answer = { Credentials: { AccessKeyId: 'A', SecretAccessKey: 'S', SessionToken: 'T', Expiration: 1_000_000 } };
  expect((await sts.send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::1:role/rrrrrrrr', RoleSessionName: 'ss' }))).Credentials?.Expiration).toEqual(new Date(1_000_000));
});

test('awsQuery: errors carry the code that AWS documents, and a common refusal its old name', async () => {
  server.answer = new ServiceError('NoSuchEntityException', 'The user with name u cannot be found.');
  await expect(iam.send(new GetUserCommand({ UserName: 'u' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException', message: 'The user with name u cannot be found.', $metadata: { httpStatusCode: 404 },
  });
  server.answer = new ServiceError('AccessDeniedException', 'no');
  await expect(iam.send(new ListAccessKeysCommand({}))).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
});

test('awsQuery: validation and unknown actions answer XML', async () => {
  await expect(iam.send(new DeleteUserCommand({} as never))).rejects.toMatchObject({
    name: 'ValidationError', message: "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null",
  });
  const url = presignUrl({ method: 'GET', url: `${server.endpoint}/?Action=Nonsense&Version=2010-05-08`, service: 'iam', region: 'us-east-1', credentials: permanent, now: Date.now(), expiresIn: 60 });
  const text = await (await fetch(url)).text();
  expect(text).toContain('<Code>InvalidAction</Code>');
  expect(text).toContain('Nonsense');
});

test('awsQuery: a presigned GET works, as EKS clients use for GetCallerIdentity', async () => {
  server.answer = { Account: account, Arn: 'arn', UserId: 'id' };
  const url = presignUrl({ method: 'GET', url: `${server.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15`, service: 'sts', region: 'eu-west-1', credentials: permanent, now: Date.now(), expiresIn: 60 });
  expect(await (await fetch(url)).text()).toContain(`<Account>${account}</Account>`);
});
