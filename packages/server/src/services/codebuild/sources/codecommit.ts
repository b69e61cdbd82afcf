import { ServiceError } from '../../../kernel/errors.ts';
import { SourceError, throughKept, type SourceDeps, type SourceKind, type SourceRequest } from './source.ts';
import type { Submodules } from './submodules.ts';

/** A repository's name holds nothing that would need an escape, and becomes part of a path: nothing else is taken. */
const PATH = /^\/v1\/repos\/((?!\.\.?(?:\.git)?\/?$)[\w.-]+?)(?:\.git)?\/?$/;
const AWS_HOST = /^git-codecommit\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/;

/** The repository that a location names: AWS's host names, our own and a bare path all mean the one in this installation. */
export function repositoryOf({ source: { location = '' }, region }: Pick<SourceRequest, 'source' | 'region'>): { region: string; name: string } {
  const url = URL.canParse(location) ? new URL(location) : undefined;
  const name = PATH.exec(url?.pathname ?? location)?.[1];
  if (name === undefined || (url && !/^https?:$/.test(url.protocol))) throw new SourceError(`invalid CodeCommit repository location: ${location}`);
  return { region: AWS_HOST.exec(url?.hostname ?? '')?.[1] ?? region, name };
}

/** Whether a URL means a repository of this installation: by AWS's host names or its own. */
export function isOurs(url: string, endpoint: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && PATH.test(parsed.pathname) && (AWS_HOST.test(parsed.hostname) || parsed.origin === new URL(endpoint).origin);
}

export function codeCommitSource({ sources, endpoint }: Pick<SourceDeps, 'sources' | 'endpoint'>, submodules?: Submodules): SourceKind {
  return {
    path(request) {
      const { region, name } = repositoryOf(request);
      return `git-codecommit.${region}.amazonaws.com/v1/repos/${name}`;
    },

    async fetch(request) {
      const { region, name } = repositoryOf(request);
      const repository = { caller: request.role, account: request.account, region, repositoryName: name };
      const url = `${endpoint()}/v1/repos/${encodeURIComponent(name)}`;
      const depth = request.source.gitCloneDepth ?? 0;
      try {
        const commitId = await sources.resolve({ ...repository, ...(request.version ? { version: request.version } : {}) });
        await throughKept(request, `codecommit://${region}/${name}`, (kept) =>
          sources.checkout({ ...repository, commitId, folder: request.folder, history: depth > 0 ? depth : 'full', originUrl: url, signal: request.signal, ...(kept === undefined ? {} : { kept }) }));
        if (request.source.gitSubmodulesConfig?.fetchSubmodules) await submodules?.fetch(request, url);
        return { resolvedVersion: commitId, repositoryUrl: url };
      } catch (error) {
        throw error instanceof ServiceError ? new SourceError(inWords(error), { cause: error }) : error;
      }
    },
  };
}

/** CodeBuild says what its git client says; the service's own words follow. */
function inWords({ name, message }: ServiceError): string {
  if (name === 'RepositoryDoesNotExistException') return `repository not found: ${message}`;
  if (/AccessDenied/.test(name)) return `authorization failed: ${message}`;
  if (/DoesNotExist|Invalid/.test(name)) return `reference not found: ${message}`;
  return `${name}: ${message}`;
}
