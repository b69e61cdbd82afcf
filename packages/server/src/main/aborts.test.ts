import { once } from 'node:events';
import { connect } from 'node:net';
import { EMPTY_SHA256, sha256Hex, signRequest } from '@slipway/sigv4';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What the client has announced and never sends. */
const ANNOUNCED = 5_000_000;

describe('a client that goes away in the middle of its body', () => {
  let s: Slipway;
  beforeAll(async () => {
    s = await Slipway.start();
    await s.aws.s3.createBucket({ Bucket: 'left-behind' });
    await s.aws.codecommit.createRepository({ repositoryName: 'site' });
  });
  afterAll(() => s.stop());

  const uploads: [string, string, string, Record<string, string>, string][] = [
    ['an object with its hash', 'PUT', '/left-behind/k', {}, sha256Hex('something else')],
    ['an object without a hash', 'PUT', '/left-behind/k', {}, 'UNSIGNED-PAYLOAD'],
    ['an object with a checksum', 'PUT', '/left-behind/k', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'UNSIGNED-PAYLOAD'],
    ['an object in signed chunks', 'PUT', '/left-behind/k', { 'x-amz-decoded-content-length': String(ANNOUNCED) }, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
    ['an object in chunks with a trailer', 'PUT', '/left-behind/k', { 'x-amz-decoded-content-length': String(ANNOUNCED), 'x-amz-trailer': 'x-amz-checksum-crc32' }, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'],
    ['an object for a bucket that is not there', 'PUT', '/no-such-bucket/k', {}, 'UNSIGNED-PAYLOAD'],
    ['a document', 'POST', '/left-behind?delete', {}, EMPTY_SHA256],
  ];

  const leave = async (method: string, path: string, headers: Record<string, string>, sent: string): Promise<void> => {
    const { hostname, port } = new URL(s.endpoint);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const lines = Object.entries({ ...headers, 'content-length': String(ANNOUNCED) }).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    await new Promise<void>((done) => { socket.write(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${sent}`, () => done()); });
    await new Promise((done) => { setImmediate(done); });
    socket.resetAndDestroy();
  };
  const host = (): string => new URL(s.endpoint).host;

  it.each(uploads)('fails %s, and the server goes on', async (_what, method, path, headers, payloadHash) => {
    // An empty chunk of nothing but its size, then silence.
    for (const sent of ['', '400\r\n', 'x'.repeat(200_000)]) {
      const signed = signRequest({ method, url: `${s.endpoint}${path}`, headers, payloadHash, service: 's3', region: s.region, credentials: s.rootKey, now: s.clock.now() });
      await leave(method, path, signed, sent);
    }
    await expect(s.aws.s3.headObject({ Bucket: 'left-behind', Key: 'k' })).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('fails calls of every other protocol and pushes too', async () => {
    for (const sent of ['', '{"a":', '0'.repeat(100_000)]) {
      await leave('POST', '/', { host: host(), 'content-type': 'application/x-www-form-urlencoded' }, sent);
      await leave('POST', '/', { host: host(), 'x-amz-target': 'CodeBuild_20161006.ListProjects', 'content-type': 'application/x-amz-json-1.1' }, sent);
      const target = { 'x-amz-target': 'CodeBuild_20161006.ListProjects', 'content-type': 'application/x-amz-json-1.1' };
      await leave('POST', '/', signRequest({ method: 'POST', url: `${s.endpoint}/`, headers: target, body: 'x', service: 'codebuild', region: s.region, credentials: s.rootKey, now: s.clock.now() }), sent);
      for (const encoding of ['identity', 'gzip']) {
        await leave('POST', '/v1/repos/site/git-receive-pack', { host: host(), authorization: `Basic ${btoa('a:b')}`, 'content-encoding': encoding, 'content-type': 'application/x-git-receive-pack-request' }, sent);
      }
    }
    expect((await s.aws.codebuild.listProjects({})).projects).toEqual([]);
  });
});
