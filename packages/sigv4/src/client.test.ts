import { expect, test } from 'vitest';
import { gitPassword, presignUrl, signRequest } from './index.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

test('presignUrl: gives the signature of the example in the S3 documentation', () => {
  const url = presignUrl({
    method: 'GET',
    url: 'https://examplebucket.s3.amazonaws.com/test.txt',
    service: 's3',
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    now: Date.parse('2013-05-24T00:00:00Z'),
    expiresIn: 86400,
  });
  expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe('aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404');
});

test('signRequest: gives the signature of the example in the S3 documentation', () => {
  const headers = signRequest({
    method: 'GET',
    url: 'https://examplebucket.s3.amazonaws.com/test.txt',
    headers: { Range: 'bytes=0-9' },
    service: 's3',
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    now: Date.parse('2013-05-24T00:00:00Z'),
  });
  expect(headers['authorization']).toContain('SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ');
  expect(headers['authorization']).toContain('Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

function sign(url: string, body: string): string | undefined {
  return signRequest({ method: 'POST', url, body, service: 'codebuild', region: 'eu-west-1', credentials, now: 0 })['authorization'];
}

function password(path: string): string {
  return gitPassword({ host: 'localhost', path, region: 'us-east-1', secretAccessKey: 'secret', now: Date.UTC(2026, 0, 2, 3, 4, 5) });
}

test('signRequest: another query order gives the same signature, another body does not', () => {
  expect(sign('http://h/?b=2&a=1', 'x')).toBe(sign('http://h/?a=1&b=2', 'x'));
  expect(sign('http://h/?b=2&a=1', 'x')).not.toBe(sign('http://h/?b=2&a=1', 'y'));
});

test('gitPassword: is a time and a signature over the path', () => {
  expect(password('/v1/repos/a')).toMatch(/^20260102T030405Z[0-9a-f]{64}$/);
  expect(password('/v1/repos/a')).not.toBe(password('/v1/repos/b'));
});
