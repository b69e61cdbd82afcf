import { Slipway } from '@slipway/testkit';
import type { Aws } from '@slipway/testkit';
import type { ErrorGroup, Provocations } from './provocations.ts';

type Client = Aws['codecommit'];

const onName = (call: (client: Client, repositoryName: string) => Promise<unknown>) => ({
  RepositoryNameRequired: (client: Client) => call(client, ''),
  InvalidRepositoryName: (client: Client) => call(client, 'a b'),
});
const onExisting = (call: (client: Client, repositoryName: string) => Promise<unknown>) => ({
  ...onName(call),
  RepositoryDoesNotExist: (client: Client) => call(client, 'nothing'),
});
const arn = (name: string): string => `arn:aws:codecommit:us-east-1:000000000000:${name}`;
const onArn = (call: (client: Client, resourceArn: string) => Promise<unknown>) => ({
  ResourceArnRequired: (client: Client) => call(client, ''),
  InvalidResourceArn: (client: Client) => call(client, 'site'),
  InvalidRepositoryName: (client: Client) => call(client, arn('a b')),
  RepositoryDoesNotExist: (client: Client) => call(client, arn('nothing')),
});
const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v']));
const NO_KEYS = 'there is no key service, so no key that could be so';
const NO_POLICIES = 'there are no tag policies';
const tagging = (call: (client: Client, tags: Record<string, string>) => Promise<unknown>) => ({
  InvalidSystemTagUsage: (client: Client) => call(client, { 'aws:x': '1' }),
  InvalidTagsMap: (client: Client) => call(client, { 'a!': '1' }),
  TooManyTags: (client: Client) => call(client, many),
  TagPolicy: NO_POLICIES,
});

const table: Provocations<Client> = {
  CreateRepository: {
    ...onName((client, repositoryName) => client.createRepository({ repositoryName })),
    ...tagging((client, tags) => client.createRepository({ repositoryName: 'tagged', tags })),
    RepositoryNameExists: (client) => client.createRepository({ repositoryName: 'site' }),
    InvalidRepositoryDescription: (client) => client.createRepository({ repositoryName: 'new', repositoryDescription: 'x'.repeat(1_001) }),
    OperationNotAllowed: (client) => client.createRepository({ repositoryName: 'new', kmsKeyId: 'alias/aws/codecommit-2' }),
    RepositoryLimitExceeded: 'AWS raises its number on demand; here the disk is the limit',
  },
  GetRepository: onExisting((client, repositoryName) => client.getRepository({ repositoryName })),
  BatchGetRepositories: {
    RepositoryNamesRequired: (client) => client.batchGetRepositories({ repositoryNames: [] }),
    InvalidRepositoryName: (client) => client.batchGetRepositories({ repositoryNames: ['a b'] }),
    MaximumRepositoryNamesExceeded: (client) => client.batchGetRepositories({ repositoryNames: Array.from({ length: 101 }, (_, index) => `r${index}`) }),
  },
  ListRepositories: {
    InvalidContinuationToken: (client) => client.listRepositories({ nextToken: 'foreign' }),
    InvalidOrder: (client) => client.listRepositories({ order: 'sideways' as never }),
    InvalidSortBy: (client) => client.listRepositories({ sortBy: 'size' as never }),
  },
  DeleteRepository: onName((client, repositoryName) => client.deleteRepository({ repositoryName })),
  UpdateRepositoryDescription: {
    ...onExisting((client, repositoryName) => client.updateRepositoryDescription({ repositoryName, repositoryDescription: 'New' })),
    InvalidRepositoryDescription: (client) => client.updateRepositoryDescription({ repositoryName: 'site', repositoryDescription: 'x'.repeat(1_001) }),
  },
  UpdateRepositoryEncryptionKey: {
    ...onExisting((client, repositoryName) => client.updateRepositoryEncryptionKey({ repositoryName, kmsKeyId: 'alias/aws/codecommit' })),
    EncryptionKeyRequired: (client) => client.updateRepositoryEncryptionKey({ repositoryName: 'site', kmsKeyId: '' }),
    EncryptionKeyInvalidId: (client) => client.updateRepositoryEncryptionKey({ repositoryName: 'site', kmsKeyId: 'a key' }),
    EncryptionKeyNotFound: (client) => client.updateRepositoryEncryptionKey({ repositoryName: 'site', kmsKeyId: 'alias/aws/codecommit' }),
    EncryptionIntegrityChecksFailed: NO_KEYS,
    EncryptionKeyAccessDenied: NO_KEYS,
    EncryptionKeyDisabled: NO_KEYS,
    EncryptionKeyInvalidUsage: NO_KEYS,
    EncryptionKeyUnavailable: NO_KEYS,
  },
  UpdateRepositoryName: {
    ...onExisting((client, oldName) => client.updateRepositoryName({ oldName, newName: 'renamed' })),
    RepositoryNameExists: (client) => client.updateRepositoryName({ oldName: 'site', newName: 'other' }),
  },
  TagResource: {
    ...onArn((client, resourceArn) => client.tagResource({ resourceArn, tags: { team: 'web' } })),
    ...tagging((client, tags) => client.tagResource({ resourceArn: arn('site'), tags })),
    TagsMapRequired: (client) => client.tagResource({ resourceArn: arn('site'), tags: {} }),
  },
  UntagResource: {
    ...onArn((client, resourceArn) => client.untagResource({ resourceArn, tagKeys: ['team'] })),
    TagKeysListRequired: (client) => client.untagResource({ resourceArn: arn('site'), tagKeys: [] }),
    InvalidTagKeysList: 'a key that no tag can have is one that the repository has not: taking it away changes nothing',
    InvalidSystemTagUsage: 'no repository has a tag of AWS\'s own',
    TooManyTags: 'taking tags away makes none too many',
    TagPolicy: NO_POLICIES,
  },
  ListTagsForResource: onArn((client, resourceArn) => client.listTagsForResource({ resourceArn })),
};

let s: Slipway;

export const repositories: ErrorGroup<Client> = {
  async open() {
    s = await Slipway.start();
    for (const repositoryName of ['site', 'other']) await s.aws.codecommit.createRepository({ repositoryName });
    return s.aws.codecommit;
  },
  close: () => s.stop(),
  table,
};
