import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLUSH, NO_OBJECT, packetLine } from '../../../git/index.ts';
import { gitSignature } from '../git-door/password.ts';
import { hurried, SlowSender } from '../git-door/requests.ts';
import { findRepository } from '../store.ts';
import { gitClient } from './git-client.ts';
import { adaKey, adaPassword, openHouse, place } from './house.ts';
import type { House } from './house.ts';

let house: House;
let home: string;
let local: ReturnType<typeof gitClient>;
let commit: string;

beforeEach(async () => {
  house = await openHouse();
  home = await mkdtemp(join(tmpdir(), 'slipway-client-'));
  local = gitClient(home);
  await house.call('CreateRepository', { repositoryName: 'site' });
  await local('init', '-q', '-b', 'main');
  await writeFile(join(home, 'a'), 'one');
  await local('add', '.');
  await local('commit', '-qm', 'One');
  await local('remote', 'add', 'origin', house.url('site'));
  expect(await local('push', '-q', 'origin', 'main')).toMatchObject({ code: 0, stderr: '' });
  commit = (await local('rev-parse', 'HEAD')).stdout.trim();
});
afterEach(async () => {
  const row = await findRepository(house.db, place, 'site');
  await promisify(execFile)('git', ['--git-dir', join(house.data, 'git', `${row!.repository_id}.git`), 'fsck', '--strict']);
  await expect.poll(() => house.events.map(({ detail }) => detail['referenceName'])).toEqual(['main']);
  await house.close();
  await rm(home, { recursive: true, force: true });
});

const authorization = `Basic ${btoa(`${adaPassword.userName}:${adaPassword.password}`)}`;

/** The report of a push of commands and a pack, made by hand. */
async function rawPush(commands: readonly string[], pack: Buffer = Buffer.alloc(0)): Promise<string> {
  const [first = '', ...others] = commands;
  const body = Buffer.concat([packetLine(`${first}\0report-status`), ...others.map(packetLine), FLUSH, pack]);
  const answer = await fetch(`${house.endpoint}/v1/repos/site/git-receive-pack`, {
    method: 'POST', body: new Uint8Array(body), headers: { authorization, 'content-type': 'application/x-git-receive-pack-request' },
  });
  return answer.text();
}

/** The status for a path as it is, which no URL parser has put in order. */
const statusOf = (path: string, headers: Record<string, string> = { authorization }): Promise<number> => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(house.endpoint);
  httpRequest({ hostname, port, path, headers }, (answer) => {
    answer.resume();
    resolve(answer.statusCode ?? 0);
  }).on('error', reject).end();
});

describe('names', () => {
  it('that git or CodeCommit does not allow are refused in a push', async () => {
    for (const ref of [
    'refs/heads/../../config', 'refs/heads/.lock', 'refs/heads/x.lock', 'refs/heads/a..b', 'refs/heads/a b', 'refs/heads/a\x01b', 'refs/heads/a~1', 'refs/heads/a^',
    'refs/heads/a:b', 'refs/heads/a?', 'refs/heads/a*', 'refs/heads/a[', 'refs/heads/a\\b', 'refs/heads/a//b', 'refs/heads/a/', 'refs/heads/a.', 'refs/heads/@{x}',
    'refs/heads/--upload-pack=x', 'refs/heads/-x', 'refs/heads/HEAD', 'HEAD', 'config', '../config', 'refs/../config', `refs/heads/${'a'.repeat(40)}`,
    `refs/heads/${'a1'.repeat(20).toUpperCase()}`, `refs/heads/${'x'.repeat(257)}`, `refs/tags/${'x'.repeat(257)}`,
    ]) expect(await rawPush([`${NO_OBJECT} ${commit} ${ref}`]), ref).toContain('not allowed');
  });

  it('that cannot be a branch are refused by CreateBranch', async () => {
    for (const branchName of ['../../config', '--x', '-x', 'a b', 'a\x00b', 'a~1', 'x.lock', '@', 'a'.repeat(40), '0123456789abcdef0123456789abcdef01234567', 'x'.repeat(257)]) {
      await expect(house.call('CreateBranch', { repositoryName: 'site', branchName, commitId: commit })).rejects.toMatchObject({ name: 'InvalidBranchNameException' });
    }
  });

  it('that cannot be a repository are refused by CreateRepository', async () => {
    for (const repositoryName of ['--upload-pack=x', '../x', 'a/b', 'a b', 'x.git', 'a\x01', '.', '..', 'ä', 'x'.repeat(101)]) {
      await expect(house.call('CreateRepository', { repositoryName })).rejects.toMatchObject({ name: 'InvalidRepositoryNameException' });
    }
  });

  it('that lead into .git or out of the tree are refused by PutFile', async () => {
    for (const filePath of ['.git/config', '.GIT/config', '.git./x', '.git /x', 'git~1/x', '../x', 'a/../b', 'a//b', 'a\x01', './a', 'a/.git']) {
      await expect(house.call('PutFile', { repositoryName: 'site', branchName: 'main', parentCommitId: commit, filePath, fileContent: Buffer.from('x') }))
        .rejects.toMatchObject({ name: 'InvalidPathException' });
    }
  });
});

describe('addresses', () => {
  it('that only resemble a repository are none', async () => {
    for (const path of [
    '//v1/repos/site', '/v1//repos/site', '/v1/repos//site', '/v1/repos/site/', '/V1/repos/site', '/v1/Repos/site', '/v1/repos/SITE', '/v1/repos/s%69te', '/v1/repos/site.git.git',
    '/v1/repos/%2e%2e/site', '/v1/repos/../repos/site', '/v1/repos/site.GIT', '/v1/repos/site%00', '/v1/repos/--upload-pack=x', '/v1/repos/.git', '/v1/repos/..',
  ]) {
      expect(await statusOf(`${path}/info/refs?service=git-upload-pack`), path).toBe(404);
    }
  });

  it('the files of a repository are not served', async () => {
    expect(await statusOf('/v1/repos/site/HEAD')).toBe(404);
    expect(await statusOf('/v1/repos/site/objects/info/packs')).toBe(404);
    expect(await statusOf('/v1/repos/site/info/refs')).toBe(400);
    expect(await statusOf('/v1/repos/site/info/refs?service=git-upload-archive')).toBe(400);
  });

  it('a signature for another repository, another spelling of this one or another time is refused', async () => {
    const status = (signed: string, path: string, time = Date.now()): Promise<number> => {
      const timestamp = new Date(time).toISOString().replaceAll(/[-:]|\..*/g, '');
      const signature = gitSignature(timestamp, { secretAccessKey: adaKey.secret, region: 'us-east-1', host: new URL(house.endpoint).host, path: signed });
      return statusOf(`${path}/info/refs?service=git-upload-pack`, { authorization: `Basic ${btoa(`${adaKey.id}:${timestamp}Z${signature}`)}`, host: new URL(house.endpoint).host });
    };
    await house.call('CreateRepository', { repositoryName: 'other' });
    expect(await status('/v1/repos/site', '/v1/repos/site')).toBe(200);
    expect(await status('/v1/repos/other', '/v1/repos/site')).toBe(403);
    expect(await status('/v1/repos/site', '/v1/repos/site.git')).toBe(403);
    expect(await status('/v1/repos/site', '/v1/repos/site', Date.now() - 86_400_000)).toBe(403);
    expect(await status('/v1/repos/site', '/v1/repos/site', Date.now() + 86_400_000)).toBe(403);
  });
});

/** A pack of these objects, with or without a true checksum. */
function pack(count: number, objects: readonly Buffer[], { checksum = true } = {}): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(count, 8);
  const body = Buffer.concat([head, ...objects]);
  return Buffer.concat([body, checksum ? createHash('sha1').update(body).digest() : Buffer.alloc(20)]);
}

/** The head of an object in a pack: type and size. */
function head(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  bytes.push((type << 4) | (size % 16) | (rest > 0 ? 128 : 0));
  while (rest > 0) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(low | (rest > 0 ? 128 : 0));
  }
  return Buffer.from(bytes);
}

const blob = (text: string): Buffer => Buffer.concat([head(3, text.length), deflateSync(text)]);

/** A delta on the object `base` that says it makes `size` bytes. */
function delta(base: string, size: number): Buffer {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]);
  const instructions = Buffer.from([...varint(3), ...varint(size), 0x90, 3]);
  return Buffer.concat([head(7, instructions.length), Buffer.from(base, 'hex'), deflateSync(instructions)]);
}

const create = (id: string): string[] => [`${NO_OBJECT} ${id} refs/heads/evil`];

describe('packs', () => {

  it('broken and lying ones are refused, and nothing of them remains', async () => {
    const one = createHash('sha1').update('blob 3\0one').digest('hex');
    const liars: Record<string, Buffer> = {
      nothing: Buffer.alloc(0),
      noise: Buffer.from('this is no pack at all, though it is long enough to be one'),
      'a false checksum': pack(1, [blob('x')], { checksum: false }),
      'fewer objects than it says': pack(1_000_000, [blob('x')]),
      'more objects than it says': pack(0, [blob('x')]),
      'a size that is not true': pack(1, [Buffer.concat([head(3, 1_000), deflateSync('x')])]),
      'an impossible size': pack(1, [Buffer.concat([head(3, 2 ** 52), deflateSync('x')])]),
      'a commit of an impossible size': pack(1, [Buffer.concat([head(1, 2 ** 40), deflateSync('x')])]),
      'an unknown type': pack(1, [Buffer.concat([head(5, 1), deflateSync('x')])]),
      'a delta of nothing': pack(1, [delta('1'.repeat(40), 3)]),
      'a delta of 16 GB': pack(1, [delta(one, 2 ** 34)]),
      'another object than the reference names': pack(1, [blob('x')]),
    };
    for (const [what, bytes] of Object.entries(liars)) {
      expect(await rawPush(create('1'.repeat(40)), bytes), what).not.toContain('ok refs/heads/evil');
    }
    expect((await house.call('ListBranches', { repositoryName: 'site' })).branches).toEqual(['main']);
  });

  it('a branch cannot point at a file', async () => {
    const id = createHash('sha1').update('blob 1\0x').digest('hex');
    expect(await rawPush(create(id), pack(1, [blob('x')]))).not.toContain('ok refs/heads/evil');
  });

  it('a tree with an entry that a checkout would take for .git is refused', async () => {
    for (const name of ['.git', '.GIT', '.git.', '.Git ', 'git~1', '.', '..', '.g\u200cit']) {
      const file = (await local('hash-object', '-w', 'a')).stdout.trim();
      await writeFile(join(home, 'tree'), Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(file, 'hex')]));
      const tree = (await local('hash-object', '-t', 'tree', '--literally', '-w', 'tree')).stdout.trim();
      const evil = (await local('commit-tree', tree, '-m', 'Evil')).stdout.trim();
      const result = await local('push', 'origin', `${evil}:refs/heads/evil`);
      expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(/remote: .*(hasDot|fsck)/) });
    }
  });

  it('a submodule with an option for a URL and a symbolic link for .gitmodules are refused', async () => {
    await writeFile(join(home, '.gitmodules'), '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch\n');
    await local('add', '.gitmodules');
    await local('commit', '-qm', 'Option');
    expect(await local('push', 'origin', 'HEAD:refs/heads/evil')).toMatchObject({ code: 1, stderr: expect.stringContaining('gitmodulesUrl') });
    await rm(join(home, '.gitmodules'));
    await symlink('a', join(home, '.gitmodules'));
    await local('add', '.gitmodules');
    await local('commit', '-q', '--amend', '-m', 'Link');
    expect(await local('push', 'origin', 'HEAD:refs/heads/evil')).toMatchObject({ code: 1, stderr: expect.stringContaining('gitmodulesSymlink') });
  });
});

it('a file is not written through a symbolic link that was pushed', async () => {
  await symlink('/tmp', join(home, 'link'));
  await local('add', 'link');
  await local('commit', '-q', '--amend', '-m', 'Link');
  const { code } = await local('push', '-q', '-f', 'origin', 'main');
  expect(code).toBe(0);
  const parentCommitId = (await local('rev-parse', 'HEAD')).stdout.trim();
  await expect(house.call('PutFile', { repositoryName: 'site', branchName: 'main', parentCommitId, filePath: 'link/x', fileContent: Buffer.from('x') }))
    .rejects.toMatchObject({ name: 'DirectoryNameConflictsWithFileNameException' });
  await expect.poll(() => house.events.length).toBe(2);
  house.events.pop();
});

async function* silent(): AsyncGenerator<Buffer> {
  yield Buffer.from('a');
  await new Promise(() => undefined);
}

it('a sender that stays silent is given up', async () => {
  const body = hurried(silent(), 20);
  await expect((async () => { for await (const chunk of body) expect(chunk.toString()).toBe('a'); })()).rejects.toThrow(SlowSender);
});
