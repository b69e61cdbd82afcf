import { expect, it } from 'vitest';
import type { CollectedArtifact } from '@slipway/builder';
import type { ProjectArtifacts } from '@slipway/contracts/codebuild';
import type { StoredBuild } from '../builds/build.ts';
import { destination, pairings } from './destinations.ts';

const build = (artifacts: ProjectArtifacts, secondaryArtifacts: ProjectArtifacts[] = []) => ({ id: 'web:123', project: 'web', definition: { artifacts, secondaryArtifacts } }) as unknown as StoredBuild;
const s3 = (more: Partial<ProjectArtifacts> = {}): ProjectArtifacts => ({ type: 'S3', location: 'b', ...more });
const keyOf = (settings: ProjectArtifacts, named?: string): string => destination(build(settings), settings, named).key;

it.each([
  [{}, undefined, 'web'],
  [{ name: 'a/b' }, 'mine', 'a/b'],
  [{ name: 'a', overrideArtifactName: true }, 'mine', 'mine'],
  [{ name: 'a', overrideArtifactName: true }, undefined, 'a'],
  [{ path: '/x/y/', namespaceType: 'BUILD_ID', name: 'z.zip', packaging: 'ZIP' }, undefined, 'x/y/123/z.zip'],
  [{ path: 'x', name: '/' }, undefined, 'x'],
  [{ path: 'x', name: '/', packaging: 'ZIP' }, undefined, 'x/web'],
] as const)('lays artifacts out as AWS does: %j named %s lies at %s', (settings, named, key) => {
  expect(keyOf(s3(settings), named)).toBe(key);
});

it('puts the s3-prefix of the buildspec before the id of the build', () => {
  const settings = s3({ path: 'x', namespaceType: 'BUILD_ID', name: 'n' });
  expect(destination(build(settings), settings, undefined, 'pre/fix/').key).toBe('pre/fix/123/n');
  expect(destination(build(s3({ path: 'x' })), s3({ path: 'x' }), undefined, 'pre').key).toBe('x/web');
});

it('puts a pipeline\'s output exactly where the pipeline says, zipped', () => {
  const settings: ProjectArtifacts = { type: 'CODEPIPELINE', location: 'b', path: 'p/Out/abc', packaging: 'ZIP' };
  expect(destination(build(settings), settings, 'named')).toMatchObject({ bucket: 'b', key: 'p/Out/abc', zip: true });
});

const collected = (...identifiers: (string | null)[]): CollectedArtifact[] => identifiers.map((identifier) => ({ identifier }));
const paired = (main: ProjectArtifacts, others: ProjectArtifacts[], ...identifiers: (string | null)[]) =>
  pairings(build(main, others), collected(...identifiers)).map(({ settings, collected: artifact }) => [settings?.path, artifact?.identifier]);

it('gives the main artifact to the main place and the others to those of their identifier', () => {
  const other = s3({ path: 'o', artifactIdentifier: 'x' });
  expect(paired(s3({ path: 'm' }), [other], null, 'x')).toEqual([['m', null], ['o', 'x']]);
  expect(paired(s3({ path: 'm' }), [other], 'x', 'y')).toEqual([['m', undefined], ['o', 'x'], [undefined, 'y']]);
  expect(paired({ type: 'NO_ARTIFACTS' }, [], null)).toEqual([[undefined, null]]);
});

it('gives a pipeline\'s only output the artifact of its name, or the main one', () => {
  const output: ProjectArtifacts = { type: 'CODEPIPELINE', location: 'b', path: 'p', artifactIdentifier: 'Out' };
  expect(paired(output, [], null)).toEqual([['p', null]]);
  expect(paired(output, [], 'Out')).toEqual([['p', 'Out']]);
});
