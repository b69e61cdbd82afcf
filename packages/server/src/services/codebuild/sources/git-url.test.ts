import { expect, it } from 'vitest';
import { repositoryUrl } from './git-url.ts';

it.each([
  ['GITHUB', 'https://github.com/team/site'], ['GITHUB', 'https://github.com/team/site.git'], ['GITHUB_ENTERPRISE', 'https://git.example.com:8443/team/a%20b'], ['GITLAB', 'https://gitlab.com/group/sub/site'],
])('%s: %s is a repository', (type, location) => {
  expect(repositoryUrl(type, location)?.href).toBe(location);
});

it.each([
  ['GITHUB', 'https://github.com.example.com/team/site'], ['GITHUB', 'http://github.com/team/site'], ['GITHUB', 'https://user:token@github.com/team/site'], ['GITLAB_SELF_MANAGED', 'file:///team/site'],
  ['GITHUB_ENTERPRISE', 'https://git.example.com/team/%zz'], ['GITHUB_ENTERPRISE', 'https://git.example.com/team/a%00b'], ['GITHUB_ENTERPRISE', 'https://git.example.com/team/a%0Ab'],
])('%s: %s is none', (type, location) => {
  expect(repositoryUrl(type, location)).toBeUndefined();
});
