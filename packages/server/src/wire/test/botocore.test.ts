import { execFile, execFileSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { permanent, stubServer } from './stub-server.ts';
import type { Heard } from './stub-server.ts';

function hasBoto3(): boolean {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);

const answers: Record<string, (heard: Heard) => unknown> = {
  BatchGetBuilds: () => ({ builds: [{ id: 'p:1', startTime: 1_000_500, buildNumber: 7 }] }),
  CreateRole: () => ({ Role: { Path: '/', RoleName: 'r', RoleId: 'AROA', Arn: 'arn', CreateDate: 1_000_000, Tags: [{ Key: 'a', Value: '1' }] } }),
  PutObject: () => ({ ETag: '"e"' }),
  DeleteObjects: () => ({ Deleted: [{ Key: 'k' }] }),
  GetObject: () => ({ Body: Readable.from(['hello']), ContentLength: 5, Metadata: { who: 'me' } }),
  ListObjectsV2: () => ({ Name: 'a-bucket', KeyCount: 1, Contents: [{ Key: 'k&', Size: 5, LastModified: 1_000_000, ETag: '"e"' }] }),
  GetRepository: () => new ServiceError('RepositoryDoesNotExistException', 'missing'),
};

test.skipIf(!hasBoto3())('botocore is answered over awsJson, awsQuery and restXml (left out where python3 has no boto3)', { timeout: 60_000 }, async () => {
  const server = await stubServer(['codebuild', 'codecommit', 'iam', 's3']);
  Object.defineProperty(server, 'answer', { get: () => answers[server.heard.at(-1)!.operation!]!(server.heard.at(-1)!) });
  try {
    const script = fileURLToPath(new URL('python_client.py', import.meta.url));
    const { stdout } = await run('python3', [script, server.endpoint, permanent.accessKeyId, permanent.secretAccessKey]);
    const results = JSON.parse(stdout) as Record<string, unknown>;
    expect(results).toMatchObject({
      builds: { builds: [{ id: 'p:1', buildNumber: 7 }] },
      role: { Role: { RoleName: 'r', CreateDate: '1970-01-01 00:16:40+00:00', Tags: [{ Key: 'a', Value: '1' }] } },
      put: { ETag: '"e"' },
      stream: { ETag: '"e"' },
      sha256: { ETag: '"e"' },
      delete: { Deleted: [{ Key: 'k' }] },
      get: { Body: 'hello', Metadata: { who: 'me' } },
      list: { Contents: [{ Key: 'k&', Size: 5, LastModified: '1970-01-01 00:16:40+00:00' }] },
      wrong: { error: 'RepositoryDoesNotExistException', status: 400 },
    });
    expect(server.heard.find(({ operation }) => operation === 'PutObject')!.input).toMatchObject({ Key: 'a b+ü.txt', Metadata: { who: 'me' }, Body: Buffer.from('hello') });
  } finally {
    await server.close();
  }
});
