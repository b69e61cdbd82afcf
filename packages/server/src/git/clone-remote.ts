import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isObjectId, isReferenceName } from './names.ts';
import { GitFailed, runGit } from './process.ts';
import { FETCH_CHECKS, LARGEST_OBJECT } from './receiving.ts';
import { reaching, type Remote } from './remote.ts';

export interface CloneRemoteOptions {
  /** Becomes the working tree; made where it is missing, and must be empty. */
  readonly folder: string;
  /** A branch, tag, full reference, commit id, `refs/heads/b^{commit id}` or the like; the remote's HEAD when absent. */
  readonly version?: string | undefined;
  /** How many commits back; 0: all of them, with every branch and tag. */
  readonly depth: number;
  readonly signal: AbortSignal;
}

/** The remote has no such branch, tag or commit. */
export class VersionNotFound extends Error {
  override readonly name = 'VersionNotFound';
}

/** Where what was asked for lies until it is checked out. */
const WANTED = 'refs/slipway/wanted';
const PINNED = /^(refs\/.+)\^\{([0-9a-f]{40})\}$/;

/**
 * A clone of somebody else's repository, its HEAD detached at the version; answers the commit. `origin` is the remote's
 * URL without credentials. @throws GitFailed, VersionNotFound
 */
export async function cloneRemote(remote: Remote, options: CloneRemoteOptions): Promise<string> {
  const { depth, signal } = options;
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  const local = { cwd: folder, signal };
  await runGit(['init', '--quiet', '--template=', '--initial-branch=main', '--', '.'], local);
  await runGit(['remote', 'add', '--', 'origin', remote.url.href], local);
  await reaching(remote, async (environment, configuration) => {
    const git = (args: readonly string[]): Promise<Buffer> => runGit(args, { ...local, env: { ...environment, GIT_ALLOC_LIMIT: LARGEST_OBJECT }, configuration: [...configuration, ...FETCH_CHECKS] });
    const source = await sourceOf(remote, options.version, git);
    const fetch = ['fetch', '--quiet', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-maintenance'];
    const all = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
    if (depth > 0) await git([...fetch, '--no-tags', `--depth=${depth}`, '--', remote.url.href, `+${source}:${WANTED}`]);
    // A commit behind no branch or tag may still be given to who asks for it by its id.
    else await git([...fetch, '--no-tags', '--', remote.url.href, ...all, `+${source}:${WANTED}`]);
  });
  const commit = (await runGit(['rev-parse', '--verify', `${WANTED}^{commit}`], local)).toString('utf8').trim();
  await runGit(['update-ref', '-d', WANTED], local);
  await runGit(['checkout', '--quiet', '--detach', commit, '--'], local);
  return commit;
}

/** What to ask the remote for: a reference of its own or a commit's id. */
async function sourceOf(remote: Remote, version: string | undefined, git: (args: readonly string[]) => Promise<Buffer>): Promise<string> {
  if (version === undefined || version === '') return 'HEAD';
  const pinned = PINNED.exec(version)?.[2];
  if (pinned !== undefined) return pinned;
  if (isObjectId(version)) return version;
  const candidates = version.startsWith('refs/') ? [version] : [`refs/heads/${version}`, `refs/tags/${version}`];
  if (!candidates.every(isReferenceName)) throw new VersionNotFound(version);
  const lines = (await git(['ls-remote', '--', remote.url.href, ...candidates])).toString('utf8').split('\n');
  const there = new Set(lines.map((line) => line.split('\t')[1]));
  const found = candidates.find((candidate) => there.has(candidate));
  if (found === undefined) throw new VersionNotFound(version);
  return found;
}

/** A submodule as a checked-out tree declares it. */
export interface Submodule {
  readonly path: string;
  readonly url: string;
  /** The commit that the tree wants. */
  readonly commit: string;
}

/** The submodules of a working tree of ours. Neither their URLs nor what they lead to has been looked at. */
export async function submodulesOf(folder: string, signal: AbortSignal): Promise<Submodule[]> {
  const file = await lstat(join(folder, '.gitmodules')).catch(() => undefined);
  if (!file?.isFile()) return [];
  const local = { cwd: folder, signal };
  const commits = new Map<string, string>();
  for (const line of (await runGit(['ls-files', '--stage', '-z'], local)).toString('utf8').split('\0')) {
    const [, commit, path] = /^160000 ([0-9a-f]{40}) 0\t(.+)$/s.exec(line) ?? [];
    if (commit !== undefined && path !== undefined) commits.set(path, commit);
  }
  const declared = new Map<string, { path?: string; url?: string }>();
  for (const entry of (await settingsOf(local)).split('\0')) {
    const [, name, key, value] = /^submodule\.(.+)\.(path|url)\n(.*)$/s.exec(entry) ?? [];
    if (name !== undefined && key !== undefined) declared.set(name, { ...declared.get(name), [key]: value });
  }
  return [...declared.values()].flatMap(({ path, url }) => {
    const commit = path === undefined ? undefined : commits.get(path);
    return path === undefined || url === undefined || commit === undefined ? [] : [{ path, url, commit }];
  });
}

async function settingsOf(local: { cwd: string; signal: AbortSignal }): Promise<string> {
  try {
    return (await runGit(['config', '--file', '.gitmodules', '--null', '--list', '--no-includes'], local)).toString('utf8');
  } catch (error) {
    // A file that is no configuration declares nothing.
    if (error instanceof GitFailed) return '';
    throw error;
  }
}

/** A submodule's own folder, which checking out its parent has made; undefined where something else stands there. */
export async function submoduleFolder(folder: string, { path }: Submodule): Promise<string | undefined> {
  const place = resolve(folder, path);
  const real = await realpath(place).catch(() => undefined);
  return real !== undefined && real === join(await realpath(folder), path) && (await lstat(real)).isDirectory() ? real : undefined;
}
