import { cloneRemote, GitFailed, VersionNotFound, type Remote } from '../../../git/index.ts';
import { OutboundFailed, OutboundRefused, type Outbound } from '../../../outbound/index.ts';
import { credentialsOf, type CredentialDeps, type UserAndPassword } from './credentials.ts';
import { SourceError, throughKept, type SourceKind, type SourceRequest } from './source.ts';
import type { Submodules } from './submodules.ts';

export interface GitUrlDeps extends CredentialDeps {
  readonly outbound: Pick<Outbound, 'resolve'>;
}

/** Where the providers' own services are; the other types are of servers anywhere. */
const HOSTS: Readonly<Record<string, string>> = { GITHUB: 'github.com', GITLAB: 'gitlab.com', BITBUCKET: 'bitbucket.org' };
export const gitUrlTypes = ['BITBUCKET', 'GITHUB', 'GITHUB_ENTERPRISE', 'GITLAB', 'GITLAB_SELF_MANAGED'] as const;

/** The URL in a source's location; undefined for one that a source of its type cannot have. */
export function repositoryUrl(type: string, location: string): URL | undefined {
  const url = URL.canParse(location) ? new URL(location) : undefined;
  if (!url || !isPath(url.pathname) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || !/^\/[^/]+\/.+/.test(url.pathname)) return undefined;
  const host = HOSTS[type];
  if (host !== undefined) return url.protocol === 'https:' && url.host === host ? url : undefined;
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
}

/** Becomes folders below the build's own, so its escapes must stand for something that a folder can be called. */
function isPath(pathname: string): boolean {
  try {
    return pathname.split('/').map(decodeURIComponent).every((part) => part !== '.' && part !== '..' && !/\p{Cc}/u.test(part));
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** A repository of a provider elsewhere, through its URL. */
export function gitUrlSource(deps: GitUrlDeps, submodules: Submodules): SourceKind {
  return {
    path({ source: { type, location = '' } }) {
      const url = urlOf(type, location);
      return `${url.hostname}${decodeURI(url.pathname).replace(/\.git$/, '').replace(/\/+$/, '')}`;
    },

    async fetch(request) {
      const { source, role, version } = request;
      const url = urlOf(source.type, source.location ?? '');
      if (version !== undefined && /^pr\/\d+$/.test(version)) throw new SourceError(`the source version ${version} is not supported by Slipway yet: name a branch, a tag, a commit or refs/pull/…/head`);
      // Who may only start builds names any location: what was imported for a provider's servers must not follow there.
      const password = source.auth || request.hosts.includes(url.host) ? await credentialsOf(deps, request, role, source) : undefined;
      const resolvedVersion = await fetchUrl(deps, request, { url: gitLab(source.type) ? withSuffix(url) : url, password, version, depth: source.gitCloneDepth ?? 0, folder: request.folder });
      if (source.gitSubmodulesConfig?.fetchSubmodules) await submodules.fetch(request, url.href, { origin: url.origin, password });
      return { resolvedVersion, repositoryUrl: source.location ?? '' };
    },
  };
}

function urlOf(type: string, location: string): URL {
  const url = repositoryUrl(type, location);
  if (!url) throw new SourceError(`invalid repository location: ${location}`);
  return url;
}

const gitLab = (type: string): boolean => type === 'GITLAB' || type === 'GITLAB_SELF_MANAGED';

/** GitLab answers a URL without `.git` with a redirect, and none is followed: it may lead anywhere. */
function withSuffix(url: URL): URL {
  const path = url.pathname.replace(/\/+$/, '');
  return path.endsWith('.git') ? url : new URL(`${path}.git`, url);
}

export interface UrlFetch {
  readonly url: URL;
  readonly password: UserAndPassword | undefined;
  readonly version: string | undefined;
  readonly depth: number;
  readonly folder: string;
}

/** Clones a URL that a user has named, when its host may be reached. @throws SourceError in the words of CodeBuild's git client */
export async function fetchUrl({ outbound }: Pick<GitUrlDeps, 'outbound'>, { source, signal, keptGit }: Pick<SourceRequest, 'source' | 'signal' | 'keptGit'>, { url, password, version, depth, folder }: UrlFetch): Promise<string> {
  try {
    const remote: Remote = { url, addresses: await outbound.resolve(url.hostname), ...(password ? { password } : {}), ...(source.insecureSsl ? { verifyTls: false } : {}) };
    return await throughKept({ keptGit }, url.href, (kept) => cloneRemote(remote, { folder, version, depth, kept, signal }));
  } catch (error) {
    if (error instanceof VersionNotFound) throw new SourceError(`reference not found: ${version ?? ''}`, { cause: error });
    if (error instanceof OutboundRefused || error instanceof OutboundFailed) throw new SourceError(`Get "${url.href}": ${error.message}`, { cause: error });
    if (error instanceof GitFailed && !signal.aborted) throw new SourceError(inWords(error), { cause: error });
    throw error;
  }
}

function inWords({ detail }: GitFailed): string {
  if (/Authentication failed|could not read Username|terminal prompts disabled|HTTP 403|error: 403/.test(detail)) return 'authentication required';
  if (/not found|HTTP 404|error: 404/i.test(detail)) return 'repository not found';
  if (/not our ref|couldn't find remote ref|upload-pack: not our ref/.test(detail)) return 'reference not found';
  return detail.split('\n').at(-1) ?? 'git failed';
}
