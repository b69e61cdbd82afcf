import { expect, it } from 'vitest';
import { repositoryOf } from './codecommit.ts';

const named = (location: string) => repositoryOf({ source: { type: 'CODECOMMIT', location }, region: 'us-east-1' });

it.each([
  ['https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/site', { region: 'eu-west-1', name: 'site' }],
  ['http://127.0.0.1:4566/v1/repos/my.site-2.git', { region: 'us-east-1', name: 'my.site-2' }],
  ['/v1/repos/site/', { region: 'us-east-1', name: 'site' }],
])('the location %s is a repository of this installation', (location, repository) => {
  expect(named(location)).toEqual(repository);
});

it.each(['/v1/repos/..%2f..%2f..%2fetc', '/v1/repos/..', '/v1/repos/...git', '/v1/repos/%ff', '/v1/repos/a%00b', '/v1/repos/a/b', 'file:///v1/repos/site', 'ext::sh -c id'])(
  'the location %s is refused before it becomes a path', (location) => {
    expect(() => named(location)).toThrow('invalid CodeCommit repository location');
  },
);
