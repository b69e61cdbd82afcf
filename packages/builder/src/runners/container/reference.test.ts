import { expect, test } from 'vitest';
import { imageReference, isImageName, isLocalOnly } from './reference.ts';

test.each([
  ['alpine', 'docker.io/library/alpine:latest'], ['alpine:3', 'docker.io/library/alpine:3'], ['team/app', 'docker.io/team/app:latest'], ['index.docker.io/library/alpine', 'docker.io/library/alpine:latest'],
  ['registry:5000/app', 'registry:5000/app:latest'], ['REGISTRY.example.com/a/b:V1.2_x', 'registry.example.com/a/b:V1.2_x'], ['localhost/app', 'localhost/app:latest'], ['my_team/app', 'docker.io/my_team/app:latest'],
  [`quay.io/a/b@sha256:${'a'.repeat(64)}`, `quay.io/a/b@sha256:${'a'.repeat(64)}`], [`a:1@sha256:${'a'.repeat(64)}`, `docker.io/library/a@sha256:${'a'.repeat(64)}`],
  // An id is taken for a name: it finds no image of somebody else's.
  ['deadbeef', 'docker.io/library/deadbeef:latest'], [`sha256:${'a'.repeat(64)}`, `docker.io/library/sha256:${'a'.repeat(64)}`],
])('%s is the image %s', (image, name) => {
  expect(imageReference(image)?.name).toBe(name);
});

test.each(['', '..', '../x', 'a/../b', 'a//b', '/a', 'a/', 'A', 'Team/app', 'a b', 'a\n', '-a', 'a:', 'a:-x', 'a@sha256:xyz', 'http://a/b', 'a?b', 'a%2e', 'a\0', 'a'.repeat(256)])('%j is no image', (image) => {
  expect(isImageName(image)).toBe(false);
});

test('only names below localhost are of this machine alone', () => {
  expect(['localhost/a', 'localhost:5000/a', '127.0.0.1/a', 'a'].map((image) => isLocalOnly(imageReference(image)!))).toEqual([true, false, false, false]);
});
