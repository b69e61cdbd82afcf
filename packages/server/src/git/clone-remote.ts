import { lstat, mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cloneKept, KEPT_REFERENCES } from './kept.ts';
import { isObjectId, isReferenceName } from './names.ts';
import { GitFailed, runGit, type GitOptions } from './process.ts';
import { FETCH_CHECKS, LARGEST_OBJECT } from './receiving.ts';
import { reaching, type Remote } from './remote.ts';

export interface CloneRemoteOptions {
  /** Becomes the working tree; made where it is missing, and must be empty. */
  readonly folder: string;
  /** A branch, tag, full reference, commit id, `refs/heads/b^{commit id}` or the like; the remote's HEAD when absent. */
  readonly version?: string | undefined;
  /** How many commits back; 0: all of them, with every branch and tag. */
  readonly depth: number;
  /** Where the metadata of clones is kept, see `kept.ts`. */
  readonly kept?: string | undefined;
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
  const { kept, depth, signal } = options;
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  return reaching(remote, async (environment, configuration) => {
    const git: RemoteGit = (args, local) => runGit(args, { ...local, signal, env: { ...environment, GIT_ALLOC_LIMIT: LARGEST_OBJECT }, configuration: [...configuration, ...FETCH_CHECKS] });
    const url = remote.url.href;
    if (kept === undefined) return clone({ url, folder, depth, signal, git }, await sourceOf(url, options.version, git));
    // Whoever may not read the remote any more learns it here, whatever is kept.
    await git(['ls-remote', '--', url, 'HEAD'], NOWHERE);
    const source = await sourceOf(url, options.version, git);
    return cloneKept(kept, { folder, depth, originUrl: url, signal }, {
      fetch: (repository) => fetchWanted([...FETCH, '--prune', '--no-tags', '--', url, ...KEPT_REFERENCES, `+${source}:${WANTED}`], { repository, signal }, git),
      straight: () => clone({ url, folder, depth, signal, git }, source),
      isAnswer: (error) => error instanceof GitFailed && /not our ref|couldn't find remote ref/.test(error.detail),
    });
  });
}

/** Runs git with what it needs to reach the remote. */
type RemoteGit = (args: readonly string[], local: Pick<GitOptions, 'repository' | 'cwd'>) => Promise<Buffer>;

/** No repository, whose settings would count: the data folder may lie in somebody's working tree. */
const NOWHERE = { cwd: '/' } as const;

const FETCH = ['fetch', '--quiet', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-maintenance'] as const;

async function clone({ url, folder, depth, signal, git }: { url: string; folder: string; depth: number; signal: AbortSignal; git: RemoteGit }, source: string): Promise<string> {
  const local = { cwd: folder, signal };
  await runGit(['init', '--quiet', '--template=', '--initial-branch=main', '--', '.'], local);
  await runGit(['remote', 'add', '--', 'origin', url], local);
  // A commit behind no branch or tag may still be given to who asks for it by its id.
  const commit = await fetchWanted([...FETCH, '--no-tags', ...(depth > 0 ? [`--depth=${depth}`] : []), '--', url, ...(depth > 0 ? [] : KEPT_REFERENCES), `+${source}:${WANTED}`], local, git);
  await runGit(['checkout', '--quiet', '--detach', commit, '--'], local);
  return commit;
}

/** Answers the commit that the fetch has put under WANTED, and removes that. */
async function fetchWanted(fetch: readonly string[], local: Pick<GitOptions, 'repository' | 'cwd' | 'signal'>, git: RemoteGit): Promise<string> {
  await git(fetch, local);
  const commit = (await runGit(['rev-parse', '--verify', `${WANTED}^{commit}`], local)).toString('utf8').trim();
  await runGit(['update-ref', '-d', WANTED], local);
  return commit;
}

/** What to ask the remote for: a reference of its own or a commit's id. */
async function sourceOf(url: string, version: string | undefined, git: RemoteGit): Promise<string> {
  if (version === undefined || version === '') return 'HEAD';
  const pinned = PINNED.exec(version)?.[2];
  if (pinned !== undefined) return pinned;
  if (isObjectId(version)) return version;
  const candidates = version.startsWith('refs/') ? [version] : [`refs/heads/${version}`, `refs/tags/${version}`];
  if (!candidates.every(isReferenceName)) throw new VersionNotFound(version);
  const lines = (await git(['ls-remote', '--', url, ...candidates], NOWHERE)).toString('utf8').split('\n');
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
