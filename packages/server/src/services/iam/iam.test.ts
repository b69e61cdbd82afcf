import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(async () => s.stop());

const document = (statement: object | object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statement });
const allowing = (Action: string | string[], Resource = '*'): string => document({ Effect: 'Allow', Action, Resource });
const trusting = (Principal: object, more: object = {}): string => document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more });

async function userWithKey(name: string, policy?: string) {
  await s.aws.iam.createUser({ UserName: name });
  if (policy !== undefined) await s.aws.iam.putUserPolicy({ UserName: name, PolicyName: 'own', PolicyDocument: policy });
  const { AccessKey } = await s.aws.iam.createAccessKey({ UserName: name });
  return { key: AccessKey!, aws: s.as({ accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }) };
}

describe('users and keys', () => {
  test('CreateUser: the name may not differ from another by case alone', async () => {
    const { User } = await s.aws.iam.createUser({ UserName: 'Maria', Path: '/team/', Tags: [{ Key: 'team', Value: 'red' }] });
    expect(User).toMatchObject({ UserName: 'Maria', Path: '/team/', Arn: `arn:aws:iam::${s.account}:user/team/Maria`, UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/) });
    await expect(s.aws.iam.createUser({ UserName: 'maria' })).rejects.toMatchObject({ name: 'EntityAlreadyExistsException', message: 'User with name maria already exists.' });
    const found = await s.aws.iam.getUser({ UserName: 'MARIA' });
    expect(found.User).toMatchObject({ UserName: 'Maria', Tags: [{ Key: 'team', Value: 'red' }] });
  });

  test('CreateUser: a name with forbidden characters is a ValidationError in AWS\'s words', async () => {
    await expect(s.aws.iam.createUser({ UserName: 'a b' })).rejects.toMatchObject({
      name: 'ValidationError',
      message: "1 validation error detected: Value 'a b' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
    });
  });

  test('CreateAccessKey: at most two; an inactive key is refused; deleting the user waits for its keys', async () => {
    const { key, aws } = await userWithKey('keys');
    expect((await aws.sts.getCallerIdentity({})).Arn).toBe(`arn:aws:iam::${s.account}:user/keys`);
    await s.aws.iam.createAccessKey({ UserName: 'keys' });
    await expect(s.aws.iam.createAccessKey({ UserName: 'keys' })).rejects.toMatchObject({ name: 'LimitExceededException', message: 'Cannot exceed quota for AccessKeysPerUser: 2' });
    await s.aws.iam.updateAccessKey({ UserName: 'keys', AccessKeyId: key.AccessKeyId!, Status: 'Inactive' });
    await expect(aws.sts.getCallerIdentity({})).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await expect(s.aws.iam.deleteUser({ UserName: 'keys' })).rejects.toMatchObject({ name: 'DeleteConflictException', message: 'Cannot delete entity, must delete access keys first.' });
  });

  test('ListUsers: pages with Marker, which is good for this listing only', async () => {
    for (const name of ['p1', 'p2', 'p3']) await s.aws.iam.createUser({ UserName: name, Path: '/pages/' });
    const first = await s.aws.iam.listUsers({ PathPrefix: '/pages/', MaxItems: 2 });
    expect(first).toMatchObject({ IsTruncated: true, Users: [{ UserName: 'p1' }, { UserName: 'p2' }] });
    const second = await s.aws.iam.listUsers({ PathPrefix: '/pages/', MaxItems: 2, Marker: first.Marker });
    expect(second).toMatchObject({ IsTruncated: false, Users: [{ UserName: 'p3' }] });
    await expect(s.aws.iam.listUsers({ PathPrefix: '/other/', Marker: first.Marker })).rejects.toMatchObject({ name: 'ValidationError', message: 'Invalid Marker.' });
  });

  test('service-specific credentials: the password is shown once, reset and listed without it', async () => {
    await s.aws.iam.createUser({ UserName: 'gitter' });
    const { ServiceSpecificCredential: made } = await s.aws.iam.createServiceSpecificCredential({ UserName: 'gitter', ServiceName: 'codecommit.amazonaws.com' });
    expect(made).toMatchObject({ ServiceUserName: `gitter-at-${s.account}`, Status: 'Active', ServiceSpecificCredentialId: expect.stringMatching(/^ACCA/) });
    const listed = await s.aws.iam.listServiceSpecificCredentials({ UserName: 'gitter' });
    expect(listed.ServiceSpecificCredentials).toHaveLength(1);
    expect(listed.ServiceSpecificCredentials![0]).not.toHaveProperty('ServicePassword');
    const id = made!.ServiceSpecificCredentialId!;
    const reset = await s.aws.iam.resetServiceSpecificCredential({ UserName: 'gitter', ServiceSpecificCredentialId: id });
    expect(reset.ServiceSpecificCredential!.ServicePassword).not.toBe(made!.ServicePassword);
    await s.aws.iam.updateServiceSpecificCredential({ UserName: 'gitter', ServiceSpecificCredentialId: id, Status: 'Inactive' });
    expect((await s.aws.iam.listServiceSpecificCredentials({ UserName: 'gitter' })).ServiceSpecificCredentials![0]!.Status).toBe('Inactive');
    await s.aws.iam.deleteServiceSpecificCredential({ UserName: 'gitter', ServiceSpecificCredentialId: id });
    await expect(s.aws.iam.createServiceSpecificCredential({ UserName: 'gitter', ServiceName: 'cassandra.amazonaws.com' })).rejects.toMatchObject({ name: 'ServiceNotSupportedException' });
  });
});

describe('policies', () => {
  test('PutRolePolicy: a malformed document is refused; a good one comes back URL-encoded', async () => {
    await s.aws.iam.createRole({ RoleName: 'inline', AssumeRolePolicyDocument: trusting({ Service: 'codebuild.amazonaws.com' }) });
    await expect(s.aws.iam.putRolePolicy({ RoleName: 'inline', PolicyName: 'p', PolicyDocument: '{}' })).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
    await s.aws.iam.putRolePolicy({ RoleName: 'inline', PolicyName: 'p', PolicyDocument: allowing('s3:*') });
    const { PolicyDocument } = await s.aws.iam.getRolePolicy({ RoleName: 'inline', PolicyName: 'p' });
    expect(PolicyDocument).not.toContain('{');
    expect(decodeURIComponent(PolicyDocument!)).toBe(allowing('s3:*'));
    await expect(s.aws.iam.deleteRole({ RoleName: 'inline' })).rejects.toMatchObject({ name: 'DeleteConflictException', message: 'Cannot delete entity, must delete policies first.' });
  });

  test('AttachRolePolicy: AWS\'s own policies attach by ARN, unknown ones are NoSuchEntity', async () => {
    await s.aws.iam.createRole({ RoleName: 'attached', AssumeRolePolicyDocument: trusting({ Service: 'codedeploy.amazonaws.com' }) });
    await s.aws.iam.attachRolePolicy({ RoleName: 'attached', PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole' });
    expect((await s.aws.iam.listAttachedRolePolicies({ RoleName: 'attached' })).AttachedPolicies).toEqual([
      { PolicyName: 'AWSCodeDeployRole', PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole' },
    ]);
    await expect(s.aws.iam.attachRolePolicy({ RoleName: 'attached', PolicyArn: 'arn:aws:iam::aws:policy/Nothing' })).rejects.toMatchObject({
      name: 'NoSuchEntityException', message: 'Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable.',
    });
  });

  test('managed policies: versions, default version, attachment count, conflicts', async () => {
    const { Policy } = await s.aws.iam.createPolicy({ PolicyName: 'versions', PolicyDocument: allowing('s3:Get*') });
    const PolicyArn = Policy!.Arn!;
    const { PolicyVersion } = await s.aws.iam.createPolicyVersion({ PolicyArn, PolicyDocument: allowing('s3:*'), SetAsDefault: true });
    expect(PolicyVersion).toMatchObject({ VersionId: 'v2', IsDefaultVersion: true });
    await expect(s.aws.iam.deletePolicyVersion({ PolicyArn, VersionId: 'v2' })).rejects.toMatchObject({ name: 'DeleteConflictException' });
    await s.aws.iam.setDefaultPolicyVersion({ PolicyArn, VersionId: 'v1' });
    await s.aws.iam.deletePolicyVersion({ PolicyArn, VersionId: 'v2' });
    await s.aws.iam.createGroup({ GroupName: 'versioned' });
    await s.aws.iam.attachGroupPolicy({ GroupName: 'versioned', PolicyArn });
    expect((await s.aws.iam.getPolicy({ PolicyArn })).Policy).toMatchObject({ DefaultVersionId: 'v1', AttachmentCount: 1 });
    await expect(s.aws.iam.deletePolicy({ PolicyArn })).rejects.toMatchObject({ name: 'DeleteConflictException', message: 'Cannot delete a policy attached to entities.' });
    await s.aws.iam.detachGroupPolicy({ GroupName: 'versioned', PolicyArn });
    await s.aws.iam.deletePolicy({ PolicyArn });
  });
});

describe('authorisation', () => {
  test('a user without a policy is refused in AWS\'s words, and allowed as soon as one is put', async () => {
    const { aws } = await userWithKey('newcomer');
    const arn = `arn:aws:iam::${s.account}:user/newcomer`;
    await expect(aws.iam.getUser({})).rejects.toMatchObject({
      message: `User: ${arn} is not authorized to perform: iam:GetUser on resource: ${arn} because no identity-based policy allows the iam:GetUser action`,
    });
    await s.aws.iam.putUserPolicy({ UserName: 'newcomer', PolicyName: 'me', PolicyDocument: allowing('iam:GetUser', `arn:aws:iam::${s.account}:user/\${aws:username}`) });
    expect((await aws.iam.getUser({})).User!.UserName).toBe('newcomer');
    await s.aws.iam.putUserPolicy({ UserName: 'newcomer', PolicyName: 'no', PolicyDocument: document({ Effect: 'Deny', Action: '*', Resource: '*' }) });
    await expect(aws.iam.getUser({})).rejects.toMatchObject({ message: expect.stringContaining('with an explicit deny in an identity-based policy') });
  });

  test('a group\'s policies count for its members, and no longer when they leave', async () => {
    const { aws } = await userWithKey('member');
    await s.aws.iam.createGroup({ GroupName: 'readers' });
    await s.aws.iam.putGroupPolicy({ GroupName: 'readers', PolicyName: 'list', PolicyDocument: allowing('iam:ListUsers') });
    await expect(aws.iam.listUsers({})).rejects.toThrow('is not authorized');
    await s.aws.iam.addUserToGroup({ GroupName: 'readers', UserName: 'member' });
    await aws.iam.listUsers({});
    await s.aws.iam.removeUserFromGroup({ GroupName: 'readers', UserName: 'member' });
    await expect(aws.iam.listUsers({})).rejects.toThrow('is not authorized');
  });

  test('a permissions boundary limits what the policies allow', async () => {
    const { aws } = await userWithKey('bounded', allowing('*'));
    await s.aws.iam.putUserPermissionsBoundary({ UserName: 'bounded', PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonS3FullAccess' });
    await expect(aws.iam.listUsers({})).rejects.toMatchObject({ message: expect.stringContaining('because no permissions boundary allows the iam:ListUsers action') });
  });

  test('aws:ResourceTag and aws:PrincipalTag are the tags of the moment', async () => {
    await s.aws.iam.createUser({ UserName: 'tagged', Tags: [{ Key: 'Team', Value: 'red' }] });
    const { aws } = await userWithKey('tagger', document({ Effect: 'Allow', Action: 'iam:GetUser', Resource: '*', Condition: { StringEquals: { 'aws:ResourceTag/Team': '${aws:PrincipalTag/Team}' } } }));
    await s.aws.iam.tagUser({ UserName: 'tagger', Tags: [{ Key: 'Team', Value: 'blue' }] });
    await expect(aws.iam.getUser({ UserName: 'tagged' })).rejects.toThrow('is not authorized');
    await s.aws.iam.tagUser({ UserName: 'tagger', Tags: [{ Key: 'Team', Value: 'red' }] });
    expect((await aws.iam.getUser({ UserName: 'tagged' })).User!.UserName).toBe('tagged');
  });
});
