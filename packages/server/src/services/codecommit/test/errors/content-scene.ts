import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { limits } from '../../limits.ts';
import { gitAddress, gitClient } from '../git-client.ts';

/**
 * A repository with branches that conflict (`source`, `destination`), one that is `ahead` of main, one `unrelated`, one too
 * `wide` to compare; a tag; and in main a file, folders, a link, a submodule and a file too big to read.
 */
export interface ContentScene {
  readonly s: Slipway;
  readonly ids: ContentIds;
}

export interface ContentIds {
  /** main's commit. */
  readonly main: string;
  /** Of `file`, and of one too big to read. */
  readonly blob: string;
  readonly big: string;
}

export const repositoryName = 'errors';
export const NOTHING = '1'.repeat(40);
export const MEGABYTES = (count: number): Buffer => Buffer.alloc(count * 1_024 * 1_024, 'x');

export async function contentScene(): Promise<ContentScene> {
  const s = await Slipway.start();
  const folder = await mkdtemp(join(tmpdir(), 'slipway-errors-'));
  try {
    const local = gitClient(folder);
    await local('init', '-q');
    await fastImport(folder, fixture());
    await s.aws.codecommit.createRepository({ repositoryName });
    await s.user('pusher', { Action: 'codecommit:*', Resource: '*' });
    const { url } = await gitAddress(s, 'pusher', repositoryName);
    for (const refs of ['refs/heads/main', 'refs/*:refs/*']) {
      const pushed = await local('push', '-q', url, refs);
      if (pushed.code !== 0) throw new Error(pushed.stderr);
    }
    const id = async (name: string): Promise<string> => (await local('rev-parse', name)).stdout.trim();
    return { s, ids: { main: await id('main'), blob: await id('main:file'), big: await id('main:big') } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fastImport(folder: string, stream: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn('git', ['fast-import', '--quiet'], { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`fast-import ended with ${code}`))));
    child.stdin.end(stream);
  });
}

function fixture(): Buffer {
  const out: (string | Buffer)[] = [];
  let time = 1_700_000_000;
  const commit = (branch: string, from: string | undefined, ...files: [string, string, string | Buffer][]): void => {
    time += 1;
    out.push(`commit refs/heads/${branch}\ncommitter Ada <ada@example.com> ${time} +0000\ndata 1\nm\n${from === undefined ? '' : `from refs/heads/${from}\n`}`);
    for (const [mode, path, data] of files) out.push(mode === '160000' ? `M 160000 ${data.toString()} ${path}\n` : `M ${mode} inline ${path}\ndata ${data.length}\n`, ...mode === '160000' ? [] : [data, '\n']);
    out.push('\n');
  };
  commit('main', undefined, ['100644', 'file', '1\n2\n3\n'], ['100644', 'dir/inside', 'x'], ['120000', 'link', 'dir'], ['160000', 'module', NOTHING], ['100644', 'kept/.gitkeep', ''],
    ['100644', 'big', Buffer.concat([MEGABYTES(6), Buffer.from('x')])]);
  commit('source', 'main', ['100644', 'file', '1\nsource\n3\n']);
  commit('destination', 'main', ['100644', 'file', '1\ndestination\n3\n']);
  commit('ahead', 'main', ['100644', 'more', 'x']);
  commit('unrelated', undefined, ['100644', 'file', 'x']);
  out.push('blob\nmark :1\ndata 1\nw\n', `commit refs/heads/wide\ncommitter Ada <ada@example.com> ${time + 1} +0000\ndata 1\nm\nfrom refs/heads/main\n`);
  for (let index = 0; index <= limits.itemsToCompare; index += 1) out.push(`M 100644 :1 wide/${index % 100}/${index}\n`);
  out.push('\nreset refs/tags/tagged\nfrom refs/heads/main\n\n');
  return Buffer.concat(out.map((part) => Buffer.from(part as string)));
}
