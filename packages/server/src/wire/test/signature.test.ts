import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CodeBuildClient, ListProjectsCommand } from '@aws-sdk/client-codebuild';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { EMPTY_SHA256, amzDate, presignUrl, scopeText, sha256Hex, sign, signRequest, signingKey } from '@slipway/sigv4';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { checksum } from '../../kernel/checksums.ts';
import { expired, permanent, stubServer, temporary } from './stub-server.ts';
import type { StubServer } from './stub-server.ts';

let server: StubServer;

beforeAll(async () => {
  server = await stubServer(['s3', 'sts', 'codebuild']);
});
afterAll(() => server.close());
beforeEach(() => {
  server.answer = {};
  server.skew = 0;
  server.heard.length = 0;
});

interface Keys { accessKeyId: string; secretAccessKey: string; sessionToken?: string }

function clients(credentials: Keys) {
  const config = { endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  return { sts: new STSClient(config), codebuild: new CodeBuildClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
}

/** What the three families of services answer. */
async function refusals(credentials: Keys): Promise<string[]> {
  const { sts, codebuild, s3 } = clients(credentials);
  const calls = [codebuild.send(new ListProjectsCommand({})), sts.send(new GetCallerIdentityCommand({})), s3.send(new GetObjectCommand({ Bucket: 'bbb', Key: 'k' }))];
  return Promise.all(calls.map((call) => (call as Promise<unknown>).then(() => 'accepted', (error: Error & { $metadata: { httpStatusCode: number } }) => `${error.name} ${error.$metadata.httpStatusCode}`)));
}

async function send(method: string, url: string, headers: Record<string, string>, body?: Buffer): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      text(response).then((read) => resolve({ status: response.statusCode!, headers: response.headers, text: read }), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

test('a permanent key and a temporary one with its token are accepted by every service', async () => {
  expect(await refusals(permanent)).toEqual(['accepted', 'accepted', 'accepted']);
  expect(await refusals(temporary)).toEqual(['accepted', 'accepted', 'accepted']);
});

test('a wrong secret, an unknown key, a wrong and an expired token each get the code of the service', async () => {
  expect(await refusals({ ...permanent, secretAccessKey: 'wrong' })).toEqual(['InvalidSignatureException 400', 'SignatureDoesNotMatch 403', 'SignatureDoesNotMatch 403']);
  expect(await refusals({ ...permanent, accessKeyId: 'AKIAUNKNOWN' })).toEqual(['UnrecognizedClientException 400', 'InvalidClientTokenId 403', 'InvalidAccessKeyId 403']);
  expect(await refusals({ ...temporary, sessionToken: 'other' })).toEqual(['UnrecognizedClientException 400', 'InvalidClientTokenId 403', 'InvalidToken 400']);
  expect(await refusals({ ...temporary, sessionToken: undefined })).toEqual(['UnrecognizedClientException 400', 'InvalidClientTokenId 403', 'InvalidAccessKeyId 403']);
  expect(await refusals(expired)).toEqual(['ExpiredTokenException 400', 'ExpiredToken 403', 'ExpiredToken 400']);
});

test('a request more than 15 minutes early or late is refused', async () => {
  const late = Math.round(15.5 * 60_000);
  for (const skew of [late, -late]) {
    server.skew = skew;
    // The SDK corrects its clock by the answer's date and would try again; these clients try once.
    expect(await refusals(permanent)).toEqual(['InvalidSignatureException 400', 'SignatureDoesNotMatch 403', 'RequestTimeTooSkewed 403']);
  }
});

test('an unsigned request is refused', async () => {
  const json = await send('POST', server.endpoint, { 'x-amz-target': 'CodeBuild_20161006.ListProjects', 'content-type': 'application/x-amz-json-1.1' }, Buffer.from('{}'));
  expect(json).toMatchObject({ status: 400, text: expect.stringContaining('"MissingAuthenticationTokenException"') as string });
  const query = await send('POST', server.endpoint, { 'content-type': 'application/x-www-form-urlencoded' }, Buffer.from('Action=GetCallerIdentity&Version=2011-06-15'));
  expect(query).toMatchObject({ status: 403, text: expect.stringContaining('<Code>MissingAuthenticationToken</Code>') as string });
  const s3 = await send('GET', `${server.endpoint}/bucket/key`, {});
  expect(s3).toMatchObject({ status: 403, text: expect.stringContaining('<Code>AccessDenied</Code>') as string });
  expect(server.heard).toEqual([]);
});

test('a half signature is refused with what it lacks', async () => {
  const answer = await send('POST', server.endpoint, {
    'x-amz-target': 'CodeBuild_20161006.ListProjects', authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/codebuild/aws4_request, SignedHeaders=host',
  });
  expect(answer.text).toContain("IncompleteSignatureException");
  expect(answer.text).toContain("'Signature'");
});

test('a changed body, path, query or target does not pass', async () => {
  const body = '{}';
  const target = { 'x-amz-target': 'CodeBuild_20161006.ListProjects', 'content-type': 'application/x-amz-json-1.1' };
  const signed = signRequest({ method: 'POST', url: `${server.endpoint}/`, headers: target, body, service: 'codebuild', region: 'us-east-1', credentials: permanent, now: Date.now() });
  expect((await send('POST', `${server.endpoint}/`, signed, Buffer.from(body))).status).toBe(200);
  expect((await send('POST', `${server.endpoint}/`, signed, Buffer.from('{ }'))).status).toBe(400);
  expect((await send('POST', `${server.endpoint}/?a=b`, signed, Buffer.from(body))).status).toBe(400);
  expect((await send('POST', `${server.endpoint}/`, { ...signed, 'x-amz-target': 'CodeBuild_20161006.ListBuilds' }, Buffer.from(body))).status).toBe(400);

  const put = signRequest({ method: 'PUT', url: `${server.endpoint}/bucket/key`, body: 'x', service: 's3', region: 'us-east-1', credentials: permanent, now: Date.now() });
  expect((await send('PUT', `${server.endpoint}/bucket/key`, put, Buffer.from('x'))).status).toBe(200);
  expect((await send('PUT', `${server.endpoint}/bucket/other`, put, Buffer.from('x'))).text).toContain('SignatureDoesNotMatch');
  expect((await send('PUT', `${server.endpoint}/bucket/key`, put, Buffer.from('y'))).text).toContain('XAmzContentSHA256Mismatch');
  expect((await send('PUT', `${server.endpoint}/bucket/key`, { ...put, 'x-amz-copy-source': 'secret/object' })).text).toContain('AccessDenied');
});

test('a presigned URL works until it expires, and only as it was made', async () => {
  server.answer = { ETag: '"e"' };
  const url = presignUrl({ method: 'PUT', url: `${server.endpoint}/bucket/${encodeURIComponent('a b+ü')}`, service: 's3', region: 'us-east-1', credentials: temporary, now: Date.now(), expiresIn: 60 });
  expect((await send('PUT', url, {}, Buffer.from('x'))).status).toBe(200);
  expect(server.heard[0]!.input).toMatchObject({ Bucket: 'bucket', Key: 'a b+ü' });
  expect((await send('GET', url, {})).text).toContain('SignatureDoesNotMatch');
  expect((await send('PUT', url.replace('Expires=60', 'Expires=600'), {}, Buffer.from('x'))).text).toContain('SignatureDoesNotMatch');
  expect((await send('PUT', `${url}&tagging`, {}, Buffer.from('<Tagging/>'))).text).toContain('SignatureDoesNotMatch');
  server.skew = 61_000;
  expect((await send('PUT', url, {}, Buffer.from('x'))).text).toContain('Request has expired');
});

test('wrong checksums in headers are a BadDigest', async () => {
  const { s3 } = clients(permanent);
  const md5 = createHash('md5').update('y').digest('base64');
  await expect(s3.send(new PutObjectCommand({ Bucket: 'bbb', Key: 'k', Body: 'x', ContentMD5: md5 }))).rejects.toMatchObject({ name: 'BadDigest' });
  await expect(s3.send(new PutObjectCommand({ Bucket: 'bbb', Key: 'k', Body: 'x', ChecksumCRC32: 'AAAAAA==' }))).rejects.toMatchObject({ name: 'BadDigest' });
});

/** A body in signed chunks, as clients without the SDK's trailers and the older ones send it. */
function chunkedPut(chunks: readonly string[], options: { trailer?: Record<string, string>; spoil?: (body: string) => string; signed: boolean; length?: number }) {
  const now = Date.now();
  const payloadHash = `STREAMING-${options.signed ? 'AWS4-HMAC-SHA256' : 'UNSIGNED'}-PAYLOAD${options.trailer ? '-TRAILER' : ''}`;
  const url = `${server.endpoint}/bucket/key`;
  const headers = signRequest({
    method: 'PUT', url, payloadHash, service: 's3', region: 'us-east-1', credentials: permanent, now,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(options.length ?? chunks.join('').length),
      ...(options.trailer && { 'x-amz-trailer': Object.keys(options.trailer).join(',') }),
    },
  });
  const scope = { date: amzDate(now).slice(0, 8), region: 'us-east-1', service: 's3' };
  let previous = /Signature=(\w+)/.exec(headers['authorization']!)![1]!;
  const follow = (kind: string, ...hashes: string[]): string => {
    previous = sign(signingKey(permanent.secretAccessKey, scope), ['AWS4-HMAC-SHA256-' + kind, amzDate(now), scopeText(scope), previous, ...hashes].join('\n'));
    return previous;
  };
  let body = '';
  for (const chunk of [...chunks, '']) {
    const signature = options.signed ? `;chunk-signature=${follow('PAYLOAD', EMPTY_SHA256, sha256Hex(chunk))}` : '';
    body += `${chunk.length.toString(16)}${signature}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`;
  }
  for (const [name, value] of Object.entries(options.trailer ?? {})) body += `${name}:${value}\r\n`;
  if (options.trailer && options.signed) body += `x-amz-trailer-signature:${follow('TRAILER', sha256Hex(Object.entries(options.trailer).map(([name, value]) => `${name}:${value}\n`).join('')))}\r\n`;
  return send('PUT', url, headers, Buffer.from(options.spoil?.(`${body}\r\n`) ?? `${body}\r\n`));
}

function digest(algorithm: 'CRC64NVME' | 'CRC32C', data: string): string {
  const sum = checksum(algorithm);
  sum.update(Buffer.from(data));
  return sum.digest().toString('base64');
}

test('signed chunks are unwrapped, with and without trailers', async () => {
  expect((await chunkedPut(['hello ', 'world'], { signed: true })).status).toBe(200);
  expect((await chunkedPut(['hello ', 'world'], { signed: true, trailer: { 'x-amz-checksum-crc64nvme': digest('CRC64NVME', 'hello world') } })).status).toBe(200);
  expect((await chunkedPut(['hello ', 'world'], { signed: false, trailer: { 'x-amz-checksum-crc32c': digest('CRC32C', 'hello world') } })).status).toBe(200);
  expect((await chunkedPut([], { signed: true })).status).toBe(200);
  expect(server.heard.map(({ input }) => String(input['Body']))).toEqual(['hello world', 'hello world', 'hello world', '']);
});

test('a chunk, a trailer or a checksum that was changed fails the body', async () => {
  const trailer = { 'x-amz-checksum-crc32c': digest('CRC32C', 'hello world') };
  const refused = [
    await chunkedPut(['hello ', 'world'], { signed: true, spoil: (body) => body.replace('world', 'WORLD') }),
    await chunkedPut(['hello ', 'world'], { signed: true, trailer, spoil: (body) => body.replace(trailer['x-amz-checksum-crc32c'], 'AAAAAA==') }),
    await chunkedPut(['hello ', 'world'], { signed: false, trailer: { 'x-amz-checksum-crc32c': 'AAAAAA==' } }),
    await chunkedPut(['hello ', 'world'], { signed: true, trailer, spoil: (body) => body.replace(/x-amz-trailer-signature.*\r\n/, '') }),
    await chunkedPut(['hello ', 'world'], { signed: true, spoil: (body) => body.slice(0, -90) }),
    await chunkedPut(['hello ', 'world'], { signed: true, length: 12 }),
    await chunkedPut(['hello ', 'world'], { signed: true, spoil: () => 'zz\r\n' }),
    await chunkedPut(['hello '], { signed: false, trailer: { 'x-amz-checksum-sha512': 'x' } }),
  ];
  expect(refused.map(({ status, text: body }) => `${status} ${/<Code>(\w+)/.exec(body)?.[1]}`)).toEqual([
    '403 SignatureDoesNotMatch', '403 SignatureDoesNotMatch', '400 BadDigest', '400 InvalidRequest', '400 IncompleteBody', '400 IncompleteBody', '400 InvalidRequest', '501 NotImplemented',
  ]);
  expect(server.heard).toEqual([]);
});

test('a body beyond the limit is refused with an answer, announced or not', async () => {
  const body = Buffer.alloc(33 * 1024 * 1024);
  const target = { 'x-amz-target': 'CodeBuild_20161006.ListProjects', 'content-type': 'application/x-amz-json-1.1' };
  const headers = signRequest({ method: 'POST', url: `${server.endpoint}/`, headers: target, body, service: 'codebuild', region: 'us-east-1', credentials: permanent, now: Date.now() });
  expect(await send('POST', `${server.endpoint}/`, headers, body)).toMatchObject({ status: 413, text: expect.stringContaining('RequestEntityTooLarge') as string });
  expect((await send('POST', `${server.endpoint}/`, { ...headers, 'transfer-encoding': 'chunked' }, body)).status).toBe(413);
});

/** A URL of Signature Version 2 for a resource, sent as path and host say. */
async function sendV2(resource: string, request: { path: string; host?: string; method?: string }): Promise<string> {
  const expires = Math.floor(Date.now() / 1000) + 60;
  const method = request.method ?? 'GET';
  const signature = createHmac('sha1', permanent.secretAccessKey).update(`${method}\n\n\n${expires}\n${resource}`).digest('base64');
  const path = `${request.path}${request.path.includes('?') ? '&' : '?'}AWSAccessKeyId=${permanent.accessKeyId}&Expires=${expires}&Signature=${encodeURIComponent(signature)}`;
  const { status, text: body } = await send(method, `${server.endpoint}${path}`, { host: request.host ?? `127.0.0.1:${server.port}` });
  return `${status} ${/<Code>(\w+)/.exec(body)?.[1] ?? ''}`.trim();
}

test('a URL of version 2 opens the object it was signed for, by path and by host, and no other', async () => {
  expect(await sendV2('/aaa/bbb/k', { path: '/aaa/bbb/k' })).toBe('200');
  expect(await sendV2('/aaa/bbb/k', { path: '/bbb/k', host: 'aaa.localhost' })).toBe('200');
  server.heard.length = 0;
  expect(await sendV2('/aaa/bbb/k', { path: '/aaa/bbb/k', host: 'other.localhost' })).toBe('403 SignatureDoesNotMatch');
  expect(await sendV2('/aaa/aaa/k', { path: '/aaa/k' })).toBe('403 SignatureDoesNotMatch');
  expect(server.heard).toEqual([]);
});

test('a URL of version 2 cannot be turned to a sub-resource that this version does not sign', async () => {
  expect(await sendV2('/aaa', { path: '/aaa?encryption', method: 'DELETE' })).toBe('403 AccessDenied');
  expect(await sendV2('/aaa/k', { path: '/aaa/k?attributes' })).toBe('403 AccessDenied');
  expect(await sendV2('/aaa', { path: '/aaa?list-type=2' })).toBe('200');
});

test('signed headers may have any name, and a request has one signature only', async () => {
  const url = `${server.endpoint}/bbb/k`;
  const headers = signRequest({ method: 'GET', url, service: 's3', region: 'us-east-1', credentials: permanent, now: Date.now() });
  for (const name of ['constructor', '__proto__', 'tostring']) {
    const spoiled = { ...headers, authorization: headers['authorization']!.replace('SignedHeaders=', `SignedHeaders=${name};`) };
    expect(await send('GET', url, spoiled)).toMatchObject({ status: 403, text: expect.stringContaining('SignatureDoesNotMatch') as string });
  }
  const both = await send('GET', `${url}?X-Amz-Signature=0`, headers);
  expect(both).toMatchObject({ status: 400, text: expect.stringContaining('Only one auth mechanism allowed') as string });
});

test('a form is read before its signature, so a large one is refused at once', async () => {
  const body = Buffer.from('a&'.repeat(2_400_000));
  const answer = await send('POST', `${server.endpoint}/`, { 'content-type': 'application/x-www-form-urlencoded' }, body);
  expect(answer.status).toBe(413);
});

test('a request cannot make the server copy a long header many times', async () => {
  const url = `${server.endpoint}/bbb/k`;
  const signed = signRequest({ method: 'GET', url, headers: { 'x-amz-meta-long': 'x'.repeat(1000) }, service: 's3', region: 'us-east-1', credentials: permanent, now: Date.now() });
  const often = { ...signed, authorization: signed['authorization']!.replace('SignedHeaders=', `SignedHeaders=${'x-amz-meta-long;'.repeat(500)}`) };
  expect(await send('GET', url, often)).toMatchObject({ status: 400, text: expect.stringContaining('SignedHeaders must name each header once') as string });
});
