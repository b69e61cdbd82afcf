import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const DAY = 24 * 60 * 60_000;
const token = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const create = (Name: string, SecretString?: string, more: object = {}) => s.aws.secretsManager.createSecret({ Name, SecretString, ...more });
const text = async (SecretId: string, more: object = {}) => (await s.aws.secretsManager.getSecretValue({ SecretId, ...more })).SecretString;

describe('CreateSecret', () => {
  it('makes a secret that is found by name, by ARN and by the ARN without its suffix', async () => {
    const { ARN, VersionId } = await create('app/db', '{"user":"a"}', { Description: 'd', Tags: [{ Key: 'k', Value: 'v' }] });
    expect(ARN).toMatch(new RegExp(`^arn:aws:secretsmanager:us-east-1:${s.account}:secret:app/db-[A-Za-z0-9]{6}$`));
    for (const id of ['app/db', ARN!, ARN!.slice(0, -7)]) expect(await text(id)).toBe('{"user":"a"}');
    expect(await s.aws.secretsManager.describeSecret({ SecretId: 'app/db' })).toMatchObject({
      ARN, Name: 'app/db', Description: 'd', RotationEnabled: false, Tags: [{ Key: 'k', Value: 'v' }], VersionIdsToStages: { [VersionId!]: ['AWSCURRENT'] },
    });
  });

  it('answers the same request again, and refuses another one under the name', async () => {
    const first = await create('twice', 'x', { ClientRequestToken: token(1) });
    expect(await create('twice', 'x', { ClientRequestToken: token(1) })).toMatchObject({ ARN: first.ARN, VersionId: token(1) });
    await expect(create('twice', 'y', { ClientRequestToken: token(1) })).rejects.toMatchObject({ name: 'ResourceExistsException' });
    await expect(create('twice', 'x')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it.each([
    ['two kinds of value', { Name: 'bad', SecretString: 'a', SecretBinary: new Uint8Array([1]) }],
    ['a name with a blank', { Name: 'a b', SecretString: 'a' }],
    ['a value that is too long', { Name: 'bad', SecretString: 'x'.repeat(65_537) }],
    ['a key of one\'s own', { Name: 'bad', SecretString: 'a', KmsKeyId: 'alias/own' }],
    ['replicas', { Name: 'bad', SecretString: 'a', AddReplicaRegions: [{ Region: 'eu-west-1' }] }],
    ['a token that is too short', { Name: 'bad', SecretString: 'a', ClientRequestToken: 'short' }],
  ])('refuses %s', async (_what, input) => {
    await expect(s.aws.secretsManager.createSecret(input)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

describe('versions and stages', () => {
  it('a new value is current, the former one previous', async () => {
    await create('rolling', 'one', { ClientRequestToken: token(1) });
    expect(await s.aws.secretsManager.putSecretValue({ SecretId: 'rolling', SecretString: 'two', ClientRequestToken: token(2) })).toMatchObject({ VersionId: token(2), VersionStages: ['AWSCURRENT'] });
    await s.aws.secretsManager.updateSecret({ SecretId: 'rolling', SecretString: 'three', ClientRequestToken: token(3), Description: 'new' });
    expect(await text('rolling')).toBe('three');
    expect(await text('rolling', { VersionStage: 'AWSPREVIOUS' })).toBe('two');
    expect(await text('rolling', { VersionId: token(1) })).toBe('one');
    await expect(text('rolling', { VersionStage: 'AWSPENDING' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: expect.stringContaining('staging label: AWSPENDING') });
    await expect(text('rolling', { VersionId: token(9) })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(text('rolling', { VersionId: token(1), VersionStage: 'AWSCURRENT' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const ids = async (IncludeDeprecated: boolean) => (await s.aws.secretsManager.listSecretVersionIds({ SecretId: 'rolling', IncludeDeprecated })).Versions!.map(({ VersionId }) => VersionId);
    expect(await ids(false)).toEqual([token(2), token(3)]);
    expect(await ids(true)).toEqual([token(1), token(2), token(3)]);
  });

  it('the same token with the same value changes nothing, with another one is refused', async () => {
    await create('idem', 'one', { ClientRequestToken: token(1) });
    const put = (SecretString: string) => s.aws.secretsManager.putSecretValue({ SecretId: 'idem', SecretString, ClientRequestToken: token(2) });
    await put('two');
    await expect(put('two')).resolves.toMatchObject({ VersionId: token(2) });
    await expect(put('other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    await expect(s.aws.secretsManager.putSecretValue({ SecretId: 'idem' })).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });

  it('bytes come back as bytes', async () => {
    await s.aws.secretsManager.createSecret({ Name: 'bytes', SecretBinary: new Uint8Array([0, 255, 7]) });
    expect([...(await s.aws.secretsManager.getSecretValue({ SecretId: 'bytes' })).SecretBinary!]).toEqual([0, 255, 7]);
  });

  it('UpdateSecretVersionStage moves labels, but never takes AWSCURRENT away', async () => {
    await create('staged', 'one', { ClientRequestToken: token(1) });
    await s.aws.secretsManager.putSecretValue({ SecretId: 'staged', SecretString: 'two', ClientRequestToken: token(2), VersionStages: ['AWSPENDING'] });
    const move = (VersionStage: string, RemoveFromVersionId?: string, MoveToVersionId?: string) =>
      s.aws.secretsManager.updateSecretVersionStage({ SecretId: 'staged', VersionStage, RemoveFromVersionId, MoveToVersionId });
    await expect(move('AWSCURRENT', undefined, token(2))).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(move('AWSCURRENT', token(1))).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(move('AWSCURRENT', token(1), token(8))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await move('AWSCURRENT', token(1), token(2));
    expect([await text('staged'), await text('staged', { VersionStage: 'AWSPREVIOUS' })]).toEqual(['two', 'one']);
    await move('AWSPENDING', token(2));
    await expect(text('staged', { VersionStage: 'AWSPENDING' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('DeleteSecret', () => {
  it('keeps the secret through its recovery window, then it is gone', async () => {
    await create('leaving', 'x');
    const before = s.clock.now();
    expect((await s.aws.secretsManager.deleteSecret({ SecretId: 'leaving', RecoveryWindowInDays: 7 })).DeletionDate!.getTime()).toBeGreaterThanOrEqual(before + 7 * DAY - 1000);
    await expect(text('leaving')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await expect(create('leaving', 'y')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await s.aws.secretsManager.restoreSecret({ SecretId: 'leaving' });
    expect(await text('leaving')).toBe('x');
    await s.aws.secretsManager.deleteSecret({ SecretId: 'leaving', RecoveryWindowInDays: 7 });
    await s.clock.advance(8 * DAY);
    await s.settled();
    await expect(s.aws.secretsManager.describeSecret({ SecretId: 'leaving' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('is at once when forced, even of what is not there', async () => {
    const { ARN } = await create('now', 'x');
    await s.aws.secretsManager.deleteSecret({ SecretId: 'now', ForceDeleteWithoutRecovery: true });
    await s.aws.secretsManager.deleteSecret({ SecretId: 'now', ForceDeleteWithoutRecovery: true });
    await expect(s.aws.secretsManager.deleteSecret({ SecretId: 'now' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await create('now', 'y');
    await expect(text(ARN!)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it.each([[{ RecoveryWindowInDays: 6 }], [{ RecoveryWindowInDays: 31 }], [{ RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }]])('refuses %j', async (more) => {
    await expect(s.aws.secretsManager.deleteSecret({ SecretId: 'app/db', ...more })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

describe('lists', () => {
  it('ListSecrets filters, sorts and pages', async () => {
    for (const name of ['l/a', 'l/b', 'l/c']) await create(name, 'v', { Tags: [{ Key: 'team', Value: name }] });
    const names = async (more: object) => (await s.aws.secretsManager.listSecrets({ Filters: [{ Key: 'name', Values: ['l/'] }], SortBy: 'name', ...more })).SecretList!.map(({ Name }) => Name);
    expect(await names({})).toEqual(['l/a', 'l/b', 'l/c']);
    expect(await names({ SortOrder: 'desc' })).toEqual(['l/c', 'l/b', 'l/a']);
    expect(await names({ Filters: [{ Key: 'tag-value', Values: ['l/b'] }] })).toEqual(['l/b']);
    expect(await names({ Filters: [{ Key: 'name', Values: ['l/'] }, { Key: 'name', Values: ['!l/b'] }] })).toEqual(['l/a', 'l/c']);
    const first = await s.aws.secretsManager.listSecrets({ Filters: [{ Key: 'name', Values: ['l/'] }], SortBy: 'name', MaxResults: 2 });
    expect(await names({ NextToken: first.NextToken, MaxResults: 2 })).toEqual(['l/c']);
    await expect(names({ NextToken: 'x' })).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
  });

  it('BatchGetSecretValue answers what the caller may read and names the rest', async () => {
    await create('b/one', '1');
    await create('b/two', '2');
    const { secretsManager } = s.as(await s.user('batch', { Action: 'secretsmanager:BatchGetSecretValue', Resource: '*' }, { Action: 'secretsmanager:GetSecretValue', Resource: `arn:aws:secretsmanager:us-east-1:${s.account}:secret:b/one-??????` }));
    const { SecretValues, Errors } = await secretsManager.batchGetSecretValue({ SecretIdList: ['b/one', 'b/two', 'b/none'] });
    expect(SecretValues).toMatchObject([{ Name: 'b/one', SecretString: '1' }]);
    expect(Errors!.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode])).toEqual([['b/two', 'AccessDeniedException'], ['b/none', 'AccessDeniedException']]);
    const stale = s.as(await s.user('stale', { Action: 'secretsmanager:*', Resource: '*' }, { Effect: 'Deny', Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition: { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } } }));
    expect((await stale.secretsManager.batchGetSecretValue({ SecretIdList: ['b/one'] })).Errors).toMatchObject([{ ErrorCode: 'AccessDeniedException' }]);
    expect((await s.aws.secretsManager.batchGetSecretValue({ Filters: [{ Key: 'name', Values: ['b/'] }] })).SecretValues).toHaveLength(2);
  });
});

describe('policies', () => {
  it('a secret\'s own policy lets a user in that has no other', async () => {
    const { ARN } = await create('shared', 'open');
    const user = await s.user('guest');
    const guest = s.as(user);
    await expect(guest.secretsManager.getSecretValue({ SecretId: 'shared' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: user.arn }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }] });
    await s.aws.secretsManager.putResourcePolicy({ SecretId: 'shared', ResourcePolicy });
    expect((await guest.secretsManager.getSecretValue({ SecretId: ARN })).SecretString).toBe('open');
    expect((await s.aws.secretsManager.getResourcePolicy({ SecretId: 'shared' })).ResourcePolicy).toBe(ResourcePolicy);
    await s.aws.secretsManager.deleteResourcePolicy({ SecretId: 'shared' });
    await expect(guest.secretsManager.getSecretValue({ SecretId: ARN })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('a malformed one and, when asked, a public one is refused', async () => {
    await create('guarded', 'x');
    const open = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: '*', Action: 'secretsmanager:*', Resource: '*' } });
    await expect(s.aws.secretsManager.putResourcePolicy({ SecretId: 'guarded', ResourcePolicy: '{}' })).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
    await expect(s.aws.secretsManager.putResourcePolicy({ SecretId: 'guarded', ResourcePolicy: open, BlockPublicPolicy: true })).rejects.toMatchObject({ name: 'PublicPolicyException' });
    expect(await s.aws.secretsManager.validateResourcePolicy({ ResourcePolicy: open })).toMatchObject({ PolicyValidationPassed: false, ValidationErrors: [{ CheckName: 'BlockPublicPolicy' }] });
  });
});

const password = async (more: object) => (await s.aws.secretsManager.getRandomPassword(more)).RandomPassword!;

describe('GetRandomPassword', () => {
  it('has the length and the kinds that are asked for', async () => {
    expect(await password({})).toHaveLength(32);
    expect(await password({ PasswordLength: 200, ExcludePunctuation: true, ExcludeNumbers: true, ExcludeUppercase: true, ExcludeCharacters: 'abc' })).toMatch(/^[d-z]{200}$/);
    await expect(password({ PasswordLength: 3 })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

describe('tags', () => {
  it('are put and taken off', async () => {
    await create('tagged', 'x', { Tags: [{ Key: 'a', Value: '1' }] });
    await s.aws.secretsManager.tagResource({ SecretId: 'tagged', Tags: [{ Key: 'b', Value: '2' }] });
    await s.aws.secretsManager.untagResource({ SecretId: 'tagged', TagKeys: ['a'] });
    expect((await s.aws.secretsManager.describeSecret({ SecretId: 'tagged' })).Tags).toEqual([{ Key: 'b', Value: '2' }]);
  });
});
