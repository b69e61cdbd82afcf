import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLUSH, packetLine } from '../../../git/index.ts';
import { gitSignature } from '../git-door/password.ts';
import { gitClient, workTree as committedTree } from './git-client.ts';
import { ada, adaKey, adaPassword, openHouse } from './house.ts';
import type { House } from './house.ts';

let house: House;
let home: string;
let git: ReturnType<typeof gitClient>;

beforeEach(async () => {
  house = await openHouse();
  home = await mkdtemp(join(tmpdir(), 'slipway-client-'));
  git = gitClient(home);
  await house.call('CreateRepository', { repositoryName: 'site' });
});
afterEach(async () => {
  await house.close();
  await rm(home, { recursive: true, force: true });
  expect(house.failures).toEqual([]);
});

const workTree = (origin = house.url('site')) => committedTree(home, origin);

const of = (fullName: string) => ({ referenceFullName: fullName, repositoryName: 'site', callerUserArn: ada.arn });
const stamp = (time: number): string => new Date(time).toISOString().replaceAll(/[-:]|\..*/g, '');
const authorization = `Basic ${btoa(`${adaPassword.userName}:${adaPassword.password}`)}`;
const head = async (local: ReturnType<typeof gitClient>): Promise<string> => (await local('rev-parse', 'HEAD')).stdout.trim();
const details = (): unknown[] => house.events.map(({ detail }) => detail);
const delivered = async (count: number): Promise<void> => expect.poll(() => house.events.length).toBe(count);

/** A push of bare commands. */
const rawPush = async (commands: string[]): Promise<string> => {
  const [first = '', ...others] = commands;
  const answer = await fetch(`${house.endpoint}/v1/repos/site/git-receive-pack`, {
    method: 'POST',
    body: new Uint8Array(Buffer.concat([packetLine(`${first}\0report-status`), ...others.map(packetLine), FLUSH])),
    headers: { authorization, 'content-type': 'application/x-git-receive-pack-request' },
  });
  return answer.text();
};

/** The status of a request with a signed password. */
const ask = async (userName: string, secret: string, { time = Date.now(), host = '', path = '/v1/repos/site' } = {}): Promise<number> => {
  const timestamp = stamp(time);
  const signature = gitSignature(timestamp, { secretAccessKey: secret, region: 'us-east-1', host: host || new URL(house.endpoint).host, path });
  const authorization = `Basic ${btoa(`${userName}:${timestamp}Z${signature}`)}`;
  const answer = await fetch(`${house.endpoint}${path}/info/refs?service=git-upload-pack`, { headers: { authorization } });
  await answer.arrayBuffer();
  return answer.status;
};

describe('git push and fetch', () => {
  it('push, clone, fetch and shallow clone round trip, with one event for each reference', async () => {
    const local = await workTree();
    const first = await head(local);
    expect(await local('push', 'origin', 'main')).toMatchObject({ code: 0 });
    await local('tag', '-a', 'v1', '-m', 'Version one');
    await local('commit', '-q', '--allow-empty', '-m', 'Two');
    const second = await head(local);
    expect(await local('push', 'origin', 'main', 'v1', 'main:refs/heads/feature/x')).toMatchObject({ code: 0 });

    expect(await git('clone', '-q', house.url('site'), 'full')).toMatchObject({ code: 0 });
    expect((await git('-C', 'full', 'log', '--format=%H', 'main')).stdout).toBe(`${second}\n${first}\n`);
    expect(await git('clone', '-q', '--depth', '1', house.url('site.git'), 'shallow')).toMatchObject({ code: 0 });
    expect((await git('-C', 'shallow', 'log', '--format=%H')).stdout).toBe(`${second}\n`);
    expect(await git('-C', 'shallow', 'fetch', '-q', '--unshallow')).toMatchObject({ code: 0 });
    expect((await git('-C', 'shallow', 'log', '--format=%H')).stdout).toBe(`${second}\n${first}\n`);
    expect(await git('-c', 'protocol.version=0', 'ls-remote', house.url('site'))).toMatchObject({ code: 0, stdout: expect.stringContaining('refs/heads/feature/x') });

    expect(await local('push', 'origin', ':feature/x')).toMatchObject({ code: 0 });
    await delivered(5);
    expect(details()).toEqual([
      expect.objectContaining({ event: 'referenceCreated', referenceType: 'branch', referenceName: 'main', commitId: first, ...of('refs/heads/main') }),
      expect.objectContaining({ event: 'referenceUpdated', oldCommitId: first, commitId: second, ...of('refs/heads/main') }),
      expect.objectContaining({ event: 'referenceCreated', referenceType: 'tag', referenceName: 'v1', commitId: first, ...of('refs/tags/v1') }),
      expect.objectContaining({ event: 'referenceCreated', referenceType: 'branch', commitId: second, ...of('refs/heads/feature/x') }),
      expect.objectContaining({ event: 'referenceDeleted', oldCommitId: second, ...of('refs/heads/feature/x') }),
    ]);
    expect((await house.call('GetRepository', { repositoryName: 'site' })).repositoryMetadata?.defaultBranch).toBe('main');
  });

  it('a push of megabytes arrives in chunks', async () => {
    const local = await workTree();
    const folder = (await local('rev-parse', '--show-toplevel')).stdout.trim();
    const bytes = randomBytes(8_000_000);
    await writeFile(join(folder, 'big.bin'), bytes);
    await local('add', '.');
    await local('commit', '-qm', 'Big');
    const seen: (string | undefined)[] = [];
    house.server.prependListener('request', (request: { headers: Record<string, string | undefined> }) => {
      seen.push(request.headers['transfer-encoding']);
    });
    expect(await local('push', '-q', 'origin', 'main')).toMatchObject({ code: 0 });
    expect(seen).toContain('chunked');
    expect(await git('clone', '-q', house.url('site'), 'full')).toMatchObject({ code: 0 });
    expect((await readFile(join(home, 'full/big.bin'))).equals(bytes)).toBe(true);
  });

  it('a compressed fetch request is understood', async () => {
    const local = await workTree();
    await local('push', '-q', 'origin', 'main');
    const body = Buffer.concat([packetLine(`want ${await head(local)} no-progress\n`), FLUSH, packetLine('done\n')]);
    const answer = await fetch(`${house.endpoint}/v1/repos/site/git-upload-pack`, {
      method: 'POST', body: new Uint8Array(gzipSync(body)),
      headers: { authorization, 'content-type': 'application/x-git-upload-pack-request', 'content-encoding': 'gzip' },
    });
    expect(Buffer.from(await answer.arrayBuffer()).toString('latin1')).toMatch(/^0008NAK\nPACK/);
  });

  it('a push that is not a fast-forward is rejected by the client, and a forced one goes through', async () => {
    const one = await workTree();
    const other = await workTree();
    await other('commit', '-q', '--amend', '-m', 'Other');
    expect(await one('push', 'origin', 'main')).toMatchObject({ code: 0 });
    expect(await other('push', 'origin', 'main')).toMatchObject({ code: 1, stderr: expect.stringContaining('rejected') });
    expect(await other('push', '-f', 'origin', 'main')).toMatchObject({ code: 0 });
    await delivered(2);
  });

  it('two pushes of the same branch at once: one moves it, the other is told so, and there is one event', async () => {
    const trees = await Promise.all(Array.from({ length: 4 }, async (_, index) => {
      const local = await workTree();
      await local('commit', '-q', '--amend', '-m', `Number ${index}`);
      return local;
    }));
    const results = await Promise.all(trees.map((local) => local('push', 'origin', 'main')));
    expect(results.filter(({ code }) => code === 0)).toHaveLength(1);
    await delivered(1);
    await house.jobs.idle();
    expect(house.events).toHaveLength(1);
  });

  it('the default branch cannot be deleted by a push, and nothing else of that push happens', async () => {
    const local = await workTree();
    await local('push', 'origin', 'main', 'main:other');
    const result = await local('push', 'origin', ':main', 'main:third');
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('the default branch cannot be deleted: main') });
    expect((await house.call('ListBranches', { repositoryName: 'site' })).branches).toEqual(['main', 'other']);
  });

  it('a push of more than 4,000 references is refused as a whole', async () => {
    const local = await workTree();
    const id = await head(local);
    await local('push', '-q', 'origin', 'main');
    const report = await rawPush(Array.from({ length: 4_001 }, (_, index) => `${'0'.repeat(40)} ${id} refs/heads/b${index}`));
    expect(report).toContain('ng refs/heads/b4000 a push may change at most 4000 references');
    expect((await house.call('ListBranches', { repositoryName: 'site' })).branches).toEqual(['main']);
  });

  it('a push with a hostile reference name is refused', async () => {
    const id = await head(await workTree());
    expect(await rawPush([`${'0'.repeat(40)} ${id} refs/heads/../../config`])).toContain('ng refs/heads/../../config');
  });
});

describe('protocols', () => {
  it.each(['0', '1', '2'])('version %s clones, shallow and whole, and lists references', async (version) => {
    const local = await workTree();
    await local('tag', '-a', 'v1', '-m', 'One');
    await local('push', '-q', 'origin', 'main', 'v1');
    const as = (...args: string[]) => git('-c', `protocol.version=${version}`, ...args);
    expect(await as('ls-remote', house.url('site'))).toMatchObject({ code: 0, stdout: expect.stringContaining('refs/tags/v1^{}') });
    expect(await as('clone', '-q', house.url('site'), 'whole')).toMatchObject({ code: 0, stderr: '' });
    expect(await as('clone', '-q', '--depth', '1', '--single-branch', house.url('site'), 'shallow')).toMatchObject({ code: 0, stderr: '' });
  });

  it('a partial clone fetches what it lacks when it needs it', async () => {
    const local = await workTree();
    await local('push', '-q', 'origin', 'main');
    expect(await git('clone', '-q', '--filter=blob:none', '--no-checkout', house.url('site'), 'partial')).toMatchObject({ code: 0, stderr: '' });
    expect((await git('-C', 'partial', 'rev-list', '--objects', '--missing=print', 'HEAD')).stdout).toMatch(/^\?/m);
    expect(await git('-C', 'partial', 'checkout', '-q', 'main')).toMatchObject({ code: 0 });
    expect(await readFile(join(home, 'partial/index.html'), 'utf8')).toBe('<h1>one</h1>');
  });

  it('LFS is refused in words that its client shows', async () => {
    const answer = await fetch(`${house.endpoint}/v1/repos/site/info/lfs/objects/batch`, { method: 'POST', body: '{}', headers: { authorization, 'content-type': 'application/vnd.git-lfs+json' } });
    expect(answer.status).toBe(501);
    expect(answer.headers.get('content-type')).toBe('application/vnd.git-lfs+json');
    expect(await answer.json()).toEqual({ message: expect.stringContaining('does not store Git LFS objects') });
  });

  it('100,000 references are listed as they are read', async () => {
    const local = await workTree();
    await local('push', '-q', 'origin', 'main');
    const tip = await head(local);
    const { repositoryMetadata } = await house.call('GetRepository', { repositoryName: 'site' });
    const lines = Array.from({ length: 100_000 }, (_, index) => `${tip} refs/heads/many/${String(index).padStart(6, '0')}\n`);
    await writeFile(join(house.data, 'git', `${repositoryMetadata!.repositoryId}.git`, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`);
    for (const version of ['0', '2']) {
      const { code, stdout } = await git('-c', `protocol.version=${version}`, 'ls-remote', '--heads', house.url('site'));
      expect(code).toBe(0);
      expect(stdout.split('\n')).toHaveLength(100_002);
    }
    expect(await local('push', '-q', 'origin', 'main:more')).toMatchObject({ code: 0 });
  }, 60_000);
});

/** A request to a service, open until it is ended. */
const send = (service: string): ClientRequest => {
  const client = httpRequest(`${house.endpoint}/v1/repos/site/${service}`, { method: 'POST', headers: { authorization, 'content-type': `application/x-${service}-request` } });
  client.on('error', () => undefined);
  return client;
};

describe('a client that goes away', () => {
  const run = promisify(execFile);
  /** How many git processes work on a repository of this house. */
  const working = async (verb: string): Promise<number> => {
    const { stdout } = await run('ps', ['-eo', 'args']);
    return stdout.split('\n').filter((line) => line.includes(verb) && line.includes(house.data)).length;
  };
  it('in the middle of a push ends git, and nothing has changed', async () => {
    const id = await head(await workTree());
    const client = send('git-receive-pack');
    client.write(Buffer.concat([packetLine(`${'0'.repeat(40)} ${id} refs/heads/main\0report-status`), FLUSH, Buffer.from('PACK')]));
    await expect.poll(() => working('receive-pack')).toBe(1);
    client.destroy();
    await expect.poll(() => working('receive-pack')).toBe(0);
    expect((await house.call('ListBranches', { repositoryName: 'site' })).branches).toEqual([]);
    await house.call('PutFile', { repositoryName: 'site', branchName: 'main', filePath: 'a', fileContent: Buffer.from('1') });
  });

  it('in the middle of a clone ends git', async () => {
    const local = await workTree();
    const folder = (await local('rev-parse', '--show-toplevel')).stdout.trim();
    await writeFile(join(folder, 'big.bin'), randomBytes(20_000_000));
    await local('add', '.');
    await local('commit', '-qm', 'Big');
    await local('push', '-q', 'origin', 'main');
    const client = send('git-upload-pack');
    client.end(Buffer.concat([packetLine(`want ${await head(local)} no-progress\n`), FLUSH, packetLine('done\n')]));
    const [answer] = await once(client, 'response') as [IncomingMessage];
    await once(answer, 'readable');
    await expect.poll(() => working('upload-pack')).toBe(1);
    client.destroy();
    await expect.poll(() => working('upload-pack')).toBe(0);
  });
});

const sendZipped = (service: string, body: Uint8Array<ArrayBuffer>): Promise<number> => fetch(`${house.endpoint}/v1/repos/site/${service}`, {
  method: 'POST', body, headers: { authorization, 'content-encoding': 'gzip', 'content-type': `application/x-${service}-request` },
}).then((answer) => answer.arrayBuffer().then(() => answer.status)).catch(() => 0);

describe('a body that cannot be unpacked', () => {
  it.each(['git-upload-pack', 'git-receive-pack'])('fails its own request of %s, and the server goes on', async (service) => {
    const commands = Buffer.concat([packetLine(`${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/x\0report-status`), FLUSH]);
    const whole = gzipSync(Buffer.concat([commands, randomBytes(200_000)]));
    const [none, cut, broken] = [Buffer.from('no gzip at all'), whole.subarray(0, 100_000), Buffer.concat([whole.subarray(0, 90_000), Buffer.alloc(100_000)])];
    const statuses = [];
    for (const body of [none, cut, broken]) statuses.push(await sendZipped(service, new Uint8Array(body)));
    if (service === 'git-receive-pack') expect(statuses[0]).toBe(400);
    expect(await git('ls-remote', house.url('site'))).toMatchObject({ code: 0 });
    // An answer that has begun is broken off instead, which the edge is told.
    expect(house.failures.splice(0).every((error) => error instanceof Error)).toBe(true);
  });
});

describe('who may', () => {
  it('a request without credentials is challenged, for the right realm', async () => {
    const answer = await fetch(`${house.endpoint}/v1/repos/site/info/refs?service=git-upload-pack`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
  });

  it('wrong or inactive Git credentials are refused', async () => {
    house.passwordsWork = false;
    expect(await git('ls-remote', house.url('site'))).toMatchObject({ code: 128, stderr: expect.stringContaining('wrong, or inactive') });
  });

  it('a repository that does not exist is a 404 that says so', async () => {
    expect(await git('clone', house.url('nothing'))).toMatchObject({ code: 128, stderr: expect.stringMatching(/does not exist[^]*not found/) });
  });

  it('a client without permission to push is told so; it can still fetch', async () => {
    house.allow = ({ action }) => action === 'codecommit:GitPull';
    const local = await workTree();
    expect(await local('push', 'origin', 'main')).toMatchObject({ code: 128, stderr: expect.stringContaining('not authorized to perform: codecommit:GitPush') });
    expect(await git('clone', '-q', house.url('site'), 'copy')).toMatchObject({ code: 0 });
  });

  it('a branch rule refuses a push that touches the branch, with all its other references', async () => {
    house.allow = ({ context }) => context?.['codecommit:References'] !== 'refs/heads/main';
    const local = await workTree();
    const result = await local('push', 'origin', 'main', 'main:feature');
    expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(/remote rejected[^]*not authorized to perform: codecommit:GitPush/) });
    expect((await house.call('ListBranches', { repositoryName: 'site' })).branches).toEqual([]);
    expect(await local('push', 'origin', 'main:feature')).toMatchObject({ code: 0 });
  });

  it('the stock credential helper works, for clone and push', async () => {
    await mkdir(join(home, '.aws'), { recursive: true });
    await writeFile(join(home, '.aws/credentials'), `[default]\naws_access_key_id = ${adaKey.id}\naws_secret_access_key = ${adaKey.secret}\n`);
    const environment = {
      HOME: home, AWS_SHARED_CREDENTIALS_FILE: join(home, '.aws/credentials'), AWS_EC2_METADATA_DISABLED: 'true',
      GIT_CONFIG_COUNT: '3',
      GIT_CONFIG_KEY_0: 'credential.UseHttpPath', GIT_CONFIG_VALUE_0: 'true',
      GIT_CONFIG_KEY_1: 'credential.helper', GIT_CONFIG_VALUE_1: '',
      GIT_CONFIG_KEY_2: 'credential.helper', GIT_CONFIG_VALUE_2: '!f() { aws codecommit credential-helper "$1" --ignore-host-check --region eu-west-1; }; f',
    };
    await house.call('CreateRepository', { repositoryName: 'europe' }, 'eu-west-1');
    const local = await workTree(`${house.endpoint}/v1/repos/europe`);
    const folder = (await local('rev-parse', '--show-toplevel')).stdout.trim();
    const withHelper = gitClient(folder, environment);
    expect(await withHelper('push', 'origin', 'main')).toMatchObject({ code: 0 });
    expect(await withHelper('ls-remote', `${house.endpoint}/v1/repos/europe`)).toMatchObject({ code: 0, stdout: expect.stringContaining('refs/heads/main') });
    expect(house.events.map(({ region }) => region)).toEqual(['eu-west-1']);
  }, 60_000);

  describe('a signed password', () => {
    it('is accepted with the port signed or not, and for the path with .git', async () => {
      expect(await ask(adaKey.id, adaKey.secret)).toBe(200);
      expect(await ask(adaKey.id, adaKey.secret, { host: '127.0.0.1' })).toBe(200);
      expect(await ask(adaKey.id, adaKey.secret, { path: '/v1/repos/site.git' })).toBe(200);
    });
    it('is refused with another secret, another host, an unknown key or 16 minutes of skew', async () => {
      expect(await ask(adaKey.id, 'other')).toBe(403);
      expect(await ask(adaKey.id, adaKey.secret, { host: 'example.com' })).toBe(403);
      expect(await ask('AKIANOBODY', adaKey.secret)).toBe(403);
      expect(await ask(adaKey.id, adaKey.secret, { time: Date.now() - 16 * 60_000 })).toBe(403);
      expect(await ask(adaKey.id, adaKey.secret, { time: Date.now() + 14 * 60_000 })).toBe(200);
    });
    it('of temporary credentials needs their token, while it lasts', async () => {
      house.keys.set('ASIATEMP', { secretAccessKey: 's', caller: ada, sessionToken: 'IQo//token%with+odd=', expiration: Date.now() + 60_000 });
      expect(await ask('ASIATEMP%IQo//token%with+odd=', 's')).toBe(200);
      expect(await ask('ASIATEMP', 's')).toBe(403);
      expect(await ask('ASIATEMP%other', 's')).toBe(403);
      house.keys.set('ASIATEMP', { secretAccessKey: 's', caller: ada, sessionToken: 't', expiration: Date.now() - 1 });
      expect(await ask('ASIATEMP%t', 's')).toBe(403);
    });
  });
});
