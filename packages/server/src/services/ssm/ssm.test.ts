import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Slipway } from '@slipway/testkit';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

const put = (Name: string, Value: string, more: object = {}) => s.aws.ssm.putParameter({ Name, Value, Type: 'String', ...more });
const value = async (Name: string, WithDecryption = false) => (await s.aws.ssm.getParameter({ Name, WithDecryption })).Parameter!.Value;

describe('PutParameter', () => {
  it('makes a first version, and further ones only when asked to overwrite', async () => {
    expect(await put('/p/one', 'a')).toMatchObject({ Version: 1, Tier: 'Standard' });
    await expect(put('/p/one', 'b')).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
    expect(await put('/p/one', 'b', { Overwrite: true })).toMatchObject({ Version: 2 });
    expect((await s.aws.ssm.getParameter({ Name: '/p/one' })).Parameter).toMatchObject({
      Name: '/p/one', Type: 'String', Value: 'b', Version: 2, DataType: 'text', ARN: `arn:aws:ssm:us-east-1:${s.account}:parameter/p/one`,
    });
  });

  it.each([
    ['a type is missing', { Name: 'x', Value: 'v' }, 'ValidationException'],
    ['the name begins with aws', { Name: '/aws/x', Value: 'v', Type: 'String' }, 'ValidationException'],
    ['the name has a blank', { Name: 'a b', Value: 'v', Type: 'String' }, 'ValidationException'],
    ['a name with levels has no slash in front', { Name: 'a/b', Value: 'v', Type: 'String' }, 'ValidationException'],
    ['the value is longer than the tier allows', { Name: 'x', Value: 'v'.repeat(4097), Type: 'String' }, 'ValidationException'],
    ['the value is empty', { Name: 'x', Value: '', Type: 'String' }, 'ValidationException'],
    ['the value does not match the pattern', { Name: 'x', Value: 'v', Type: 'String', AllowedPattern: '^\\d+$' }, 'ParameterPatternMismatchException'],
    ['the pattern is none', { Name: 'x', Value: 'v', Type: 'String', AllowedPattern: '(' }, 'InvalidAllowedPatternException'],
    ['another key is named', { Name: 'x', Value: 'v', Type: 'SecureString', KeyId: 'alias/own' }, 'InvalidKeyId'],
    ['policies are asked for', { Name: 'x', Value: 'v', Type: 'String', Policies: '[{}]' }, 'ValidationException'],
    ['another data type is asked for', { Name: 'x', Value: 'v', Type: 'String', DataType: 'aws:ec2:image' }, 'ValidationException'],
    ['tags come with an overwrite', { Name: 'x', Value: 'v', Type: 'String', Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] }, 'ValidationException'],
  ] as const)('is refused when %s', async (_why, input, name) => {
    await expect(s.aws.ssm.putParameter({ ...input, Tags: 'Tags' in input ? [...input.Tags] : undefined })).rejects.toMatchObject({ name });
  });

  it('answers in time for a pattern made to be slow', async () => {
    await expect(put('slow', `${'a'.repeat(4000)}!`, { AllowedPattern: '^(a+)+$' })).rejects.toMatchObject({ name: 'ParameterPatternMismatchException' });
  });

  it('keeps a hundred versions, and the oldest if it has a label', async () => {
    await put('many', '1');
    for (let n = 2; n <= 101; n++) await put('many', String(n), { Overwrite: true });
    const first = await s.aws.ssm.getParameterHistory({ Name: 'many' });
    expect(first.Parameters![0]).toMatchObject({ Version: 2, Value: '2' });
    const second = await s.aws.ssm.getParameterHistory({ Name: 'many', NextToken: first.NextToken });
    expect([first.Parameters!.length, second.Parameters!.length, second.NextToken]).toEqual([50, 50, undefined]);
    await s.aws.ssm.labelParameterVersion({ Name: 'many', ParameterVersion: 2, Labels: ['kept'] });
    await expect(put('many', 'more', { Overwrite: true })).rejects.toMatchObject({ name: 'ParameterMaxVersionLimitExceeded' });
  });
});

describe('a SecureString', () => {
  it('is shown only when its decryption is asked for, and lies sealed', async () => {
    await put('/s/secret', 'open sesame', { Type: 'SecureString' });
    expect(await value('/s/secret')).not.toContain('sesame');
    expect(await value('/s/secret', true)).toBe('open sesame');
    expect((await s.aws.ssm.getParameterHistory({ Name: '/s/secret' })).Parameters![0]).toMatchObject({ KeyId: 'alias/aws/ssm', Value: expect.not.stringContaining('sesame') });
  });
});

describe('GetParameter', () => {
  it('finds a version by number, by label and by ARN', async () => {
    await put('/v/x', 'one');
    await put('/v/x', 'two', { Overwrite: true });
    expect(await s.aws.ssm.labelParameterVersion({ Name: '/v/x', ParameterVersion: 1, Labels: ['prod', '1no', 'aws-no'] })).toMatchObject({ InvalidLabels: ['1no', 'aws-no'], ParameterVersion: 1 });
    expect((await s.aws.ssm.getParameter({ Name: '/v/x:1' })).Parameter).toMatchObject({ Value: 'one', Selector: ':1' });
    expect(await value('/v/x:prod')).toBe('one');
    expect(await value(`arn:aws:ssm:us-east-1:${s.account}:parameter/v/x`)).toBe('two');
    await expect(value('/v/x:9')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
    await expect(value('/v/none')).rejects.toMatchObject({ name: 'ParameterNotFound' });
  });

  it('follows a label that moved, and knows it no more when it is taken off', async () => {
    await put('moving', 'one');
    await put('moving', 'two', { Overwrite: true });
    await s.aws.ssm.labelParameterVersion({ Name: 'moving', ParameterVersion: 1, Labels: ['live'] });
    await s.aws.ssm.labelParameterVersion({ Name: 'moving', ParameterVersion: 2, Labels: ['live'] });
    expect(await value('moving:live')).toBe('two');
    expect(await s.aws.ssm.unlabelParameterVersion({ Name: 'moving', ParameterVersion: 2, Labels: ['live', 'other'] })).toMatchObject({ RemovedLabels: ['live'], InvalidLabels: ['other'] });
    await expect(value('moving:live')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
    await expect(s.aws.ssm.labelParameterVersion({ Name: 'moving', Labels: Array.from({ length: 10 }, (_, n) => `l${n}`) })).resolves.toBeDefined();
    await expect(s.aws.ssm.labelParameterVersion({ Name: 'moving', Labels: ['one-more'] })).rejects.toMatchObject({ name: 'ParameterVersionLabelLimitExceeded' });
  });
});

describe('many parameters', () => {
  it('GetParameters answers what there is and names what there is not', async () => {
    await put('g1', '1');
    expect(await s.aws.ssm.getParameters({ Names: ['g1', 'gone', 'g1:7'] })).toMatchObject({ Parameters: [{ Name: 'g1', Value: '1' }], InvalidParameters: ['gone', 'g1:7'] });
  });

  it('GetParametersByPath pages through one level or all, and filters', async () => {
    for (const name of ['/t/a', '/t/b', '/t/deep/c', '/tother/x']) await put(name, name);
    await put('/t/s', 'hidden', { Type: 'SecureString' });
    const names = async (more: object) => (await s.aws.ssm.getParametersByPath({ Path: '/t', ...more })).Parameters!.map(({ Name }) => Name);
    expect(await names({})).toEqual(['/t/a', '/t/b', '/t/s']);
    expect(await names({ Recursive: true })).toEqual(['/t/a', '/t/b', '/t/deep/c', '/t/s']);
    expect(await names({ ParameterFilters: [{ Key: 'Type', Values: ['SecureString'] }] })).toEqual(['/t/s']);
    const first = await s.aws.ssm.getParametersByPath({ Path: '/t', MaxResults: 2 });
    expect(await names({ NextToken: first.NextToken })).toEqual(['/t/s']);
    await expect(names({ NextToken: 'x' })).rejects.toMatchObject({ name: 'InvalidNextToken' });
    await expect(names({ ParameterFilters: [{ Key: 'Tier', Values: ['x'] }] })).rejects.toMatchObject({ name: 'InvalidFilterKey' });
    await expect(names({ ParameterFilters: [{ Key: 'Type', Option: 'Odd', Values: ['x'] }] })).rejects.toMatchObject({ name: 'InvalidFilterOption' });
    await expect(names({ ParameterFilters: [{ Key: 'Type' }] })).rejects.toMatchObject({ name: 'InvalidFilterValue' });
  });

  it('DescribeParameters shows everything but values, and filters by name, path and tag', async () => {
    await put('/d/one', 'quiet', { Description: 'first', Tags: [{ Key: 'team', Value: 'blue' }] });
    await put('/d/two', 'quiet');
    const described = async (Key: string, Values: string[], Option?: string) =>
      (await s.aws.ssm.describeParameters({ ParameterFilters: [{ Key, Values, ...(Option && { Option }) }] })).Parameters!;
    const [one] = await described('tag:team', ['blue']);
    expect(one).toMatchObject({ Name: '/d/one', Description: 'first', Version: 1, Tier: 'Standard' });
    expect(JSON.stringify(one)).not.toContain('quiet');
    expect((await described('Path', ['/d'])).map(({ Name }) => Name)).toEqual(['/d/one', '/d/two']);
    expect((await described('Name', ['tw'], 'Contains')).map(({ Name }) => Name)).toEqual(['/d/two']);
    expect((await s.aws.ssm.describeParameters({ Filters: [{ Key: 'Name', Values: ['/d/t'] }] })).Parameters).toHaveLength(1);
    await expect(described('Odd', ['x'])).rejects.toMatchObject({ name: 'InvalidFilterKey' });
  });

  it('DeleteParameter and DeleteParameters say what was there', async () => {
    await put('d1', '1');
    await put('d2', '1');
    await s.aws.ssm.deleteParameter({ Name: 'd1' });
    await expect(s.aws.ssm.deleteParameter({ Name: 'd1' })).rejects.toMatchObject({ name: 'ParameterNotFound' });
    expect(await s.aws.ssm.deleteParameters({ Names: ['d1', 'd2'] })).toMatchObject({ DeletedParameters: ['d2'], InvalidParameters: ['d1'] });
  });
});

describe('around parameters', () => {
  it('tags are put, listed and taken off', async () => {
    await put('tagged', '1');
    const resource = { ResourceType: 'Parameter', ResourceId: 'tagged' } as const;
    await s.aws.ssm.addTagsToResource({ ...resource, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] });
    await s.aws.ssm.removeTagsFromResource({ ...resource, TagKeys: ['a'] });
    expect((await s.aws.ssm.listTagsForResource(resource)).TagList).toEqual([{ Key: 'b', Value: '2' }]);
    await expect(s.aws.ssm.listTagsForResource({ ...resource, ResourceId: 'none' })).rejects.toMatchObject({ name: 'InvalidResourceId' });
    await expect(s.aws.ssm.listTagsForResource({ ResourceType: 'Document', ResourceId: 'x' })).rejects.toMatchObject({ name: 'InvalidResourceType' });
  });

  it('each change is an event', async () => {
    await put('told', '1', { Description: 'd' });
    const event = await s.until(({ detailType, detail }) => detailType === 'Parameter Store Change' && detail['name'] === 'told');
    expect(event).toMatchObject({ source: 'aws.ssm', resources: [`arn:aws:ssm:us-east-1:${s.account}:parameter/told`], detail: { operation: 'Create', name: 'told', type: 'String', description: 'd' } });
  });

  it('a caller needs the permission on the parameter', async () => {
    await put('/team/a', '1');
    await put('/other/a', '1');
    const { ssm } = s.as(await s.user('reader', { Action: 'ssm:GetParameter*', Resource: `arn:aws:ssm:us-east-1:${s.account}:parameter/team/*` }));
    expect((await ssm.getParameter({ Name: '/team/a' })).Parameter!.Value).toBe('1');
    await expect(ssm.getParameter({ Name: '/other/a' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(s.aws.ssm.getParameter({ Name: 'arn:aws:ssm:us-east-1:222222222222:parameter/team/a' })).rejects.toMatchObject({ name: 'ParameterNotFound' });
    await expect(s.aws.ssm.getParameter({ Name: `arn:aws:ssm:eu-west-1:${s.account}:parameter/team/a` })).rejects.toMatchObject({ name: 'ParameterNotFound' });
    expect((await s.aws.ssm.getParameter({ Name: `arn:aws:ssm:us-east-1:${s.account}:parameter/team/a` })).Parameter?.Name).toBe('/team/a');
    await expect(ssm.getParameters({ Names: ['/team/a', '/other/a'] })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
