import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(async () => s.stop());

const document = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: statement });
const allowing = (Action: string, Resource = '*'): string => document({ Effect: 'Allow', Action, Resource });
const trusting = (Principal: object, more: object = {}): string => document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more });

async function user(name: string, policy?: string) {
  await s.aws.iam.createUser({ UserName: name });
  if (policy !== undefined) await s.aws.iam.putUserPolicy({ UserName: name, PolicyName: 'own', PolicyDocument: policy });
  const { AccessKey } = await s.aws.iam.createAccessKey({ UserName: name });
  return s.as({ accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! });
}

async function role(name: string, trust: string, policy?: string): Promise<string> {
  const { Role } = await s.aws.iam.createRole({ RoleName: name, Path: '/roles/', AssumeRolePolicyDocument: trust });
  if (policy !== undefined) await s.aws.iam.putRolePolicy({ RoleName: name, PolicyName: 'own', PolicyDocument: policy });
  return Role!.Arn!;
}

type Keys = { Credentials?: { AccessKeyId?: string; SecretAccessKey?: string; SessionToken?: string } };
const as = ({ Credentials: keys }: Keys) => s.as({ accessKeyId: keys!.AccessKeyId!, secretAccessKey: keys!.SecretAccessKey!, sessionToken: keys!.SessionToken! });

test('GetCallerIdentity: root is the account', async () => {
  expect(await s.aws.sts.getCallerIdentity({})).toMatchObject({ Account: s.account, UserId: s.account, Arn: `arn:aws:iam::${s.account}:root` });
});

describe('AssumeRole', () => {
  test('an account principal asks the caller\'s own policy as well', async () => {
    const RoleArn = await role('delegated', trusting({ AWS: s.account }), allowing('iam:ListRoles'));
    const nobody = await user('nobody');
    await expect(nobody.sts.assumeRole({ RoleArn, RoleSessionName: 'one' })).rejects.toMatchObject({
      name: 'AccessDenied', message: `User: arn:aws:iam::${s.account}:user/nobody is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
    });
    const somebody = await user('somebody', allowing('sts:AssumeRole', RoleArn));
    const answer = await somebody.sts.assumeRole({ RoleArn, RoleSessionName: 'one' });
    expect(answer.AssumedRoleUser).toMatchObject({ Arn: `arn:aws:sts::${s.account}:assumed-role/delegated/one`, AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:one$/) });
    expect(answer.Credentials!.AccessKeyId).toMatch(/^ASIA/);
    const acting = as(answer);
    expect((await acting.sts.getCallerIdentity({})).Arn).toBe(answer.AssumedRoleUser!.Arn);
    await acting.iam.listRoles({});
    await expect(acting.iam.listUsers({})).rejects.toThrow(`User: ${answer.AssumedRoleUser!.Arn} is not authorized to perform: iam:ListUsers`);
  });

  test('a policy that allows every role does not stand in for the role\'s trust', async () => {
    const RoleArn = await role('distrusting', trusting({ Service: 'codebuild.amazonaws.com' }));
    const admin = await user('admin', allowing('*'));
    await expect(admin.sts.assumeRole({ RoleArn, RoleSessionName: 'one' })).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('a trusted user needs no policy; the external id must be right', async () => {
    const guest = await user('guest');
    const RoleArn = await role('external', trusting({ AWS: `arn:aws:iam::${s.account}:user/guest` }, { Condition: { StringEquals: { 'sts:ExternalId': 'secret-1' } } }));
    await expect(guest.sts.assumeRole({ RoleArn, RoleSessionName: 'one' })).rejects.toMatchObject({ name: 'AccessDenied' });
    await guest.sts.assumeRole({ RoleArn, RoleSessionName: 'one', ExternalId: 'secret-1' });
  });

  test('a session policy narrows the role; the keys expire', async () => {
    const caller = await user('narrow', allowing('sts:AssumeRole'));
    const RoleArn = await role('wide', trusting({ AWS: s.account }), allowing('iam:*'));
    const acting = as(await caller.sts.assumeRole({ RoleArn, RoleSessionName: 'one', DurationSeconds: 900, Policy: allowing('iam:ListRoles') }));
    await acting.iam.listRoles({});
    await expect(acting.iam.listUsers({})).rejects.toThrow('because no session policy allows the iam:ListUsers action');
  });

  test('durations beyond the role\'s maximum, and odd ARNs, are refused in AWS\'s words', async () => {
    const caller = await user('long', allowing('sts:AssumeRole'));
    const RoleArn = await role('short', trusting({ AWS: s.account }));
    await expect(caller.sts.assumeRole({ RoleArn, RoleSessionName: 'one', DurationSeconds: 7200 })).rejects.toMatchObject({
      name: 'ValidationError', message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
    await expect(caller.sts.assumeRole({ RoleArn: 'arn:aws:iam::1:role/short', RoleSessionName: 'one' })).rejects.toMatchObject({ name: 'ValidationError', message: 'arn:aws:iam::1:role/short is invalid' });
    await expect(s.aws.sts.assumeRole({ RoleArn, RoleSessionName: 'one' })).rejects.toMatchObject({ name: 'AccessDenied', message: 'Roles may not be assumed by root accounts.' });
  });

  test('a role made anew under the old name does not give its sessions back', async () => {
    const caller = await user('ghost', allowing('sts:AssumeRole'));
    const RoleArn = await role('reborn', trusting({ AWS: s.account }), allowing('iam:ListRoles'));
    const acting = as(await caller.sts.assumeRole({ RoleArn, RoleSessionName: 'one' }));
    await acting.iam.listRoles({});
    await s.aws.iam.deleteRolePolicy({ RoleName: 'reborn', PolicyName: 'own' });
    await s.aws.iam.deleteRole({ RoleName: 'reborn' });
    await role('reborn', trusting({ AWS: s.account }), allowing('iam:ListRoles'));
    await expect(acting.iam.listRoles({})).rejects.toThrow('is not authorized');
  });
});

describe('sessions of users', () => {
  test('GetSessionToken: the same user with keys that expire; IAM is out of reach', async () => {
    const caller = await user('timed', allowing('*'));
    const answer = await caller.sts.getSessionToken({ DurationSeconds: 900 });
    const acting = as(answer);
    expect((await acting.sts.getCallerIdentity({})).Arn).toBe(`arn:aws:iam::${s.account}:user/timed`);
    await expect(acting.iam.listUsers({})).rejects.toThrow('with an explicit deny in a session policy');
    expect((await s.aws.sts.getAccessKeyInfo({ AccessKeyId: answer.Credentials!.AccessKeyId })).Account).toBe(s.account);
    await s.clock.advance(901_000);
    await expect(acting.sts.getCallerIdentity({})).rejects.toMatchObject({ name: 'ExpiredToken' });
  });

  test('GetFederationToken: only what both the user and the policy allow', async () => {
    const caller = await user('voucher', document({ Effect: 'Allow', Action: ['sts:GetFederationToken', 'iam:List*'], Resource: '*' }));
    const answer = await caller.sts.getFederationToken({ Name: 'friend', Policy: allowing('iam:ListRoles') });
    const acting = as(answer);
    expect((await acting.sts.getCallerIdentity({})).Arn).toBe(`arn:aws:sts::${s.account}:federated-user/friend`);
    await acting.iam.listRoles({});
    await expect(acting.iam.listUsers({})).rejects.toThrow('because no session policy allows');
    await expect(as(await caller.sts.getFederationToken({ Name: 'poor' })).iam.listRoles({})).rejects.toThrow('explicit deny');
  });
});
