import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceFolder } from '@slipway/builder';
import type { ProjectSource, SourceType } from '@slipway/contracts/codebuild';
import type { Caller } from '../../../kernel/caller.ts';
import type { StoredBuild } from '../builds/build.ts';
import { codeCommitSource, isOurs } from './codecommit.ts';
import { codePipelineSource } from './codepipeline.ts';
import { fetchUrl, gitUrlSource, gitUrlTypes } from './git-url.ts';
import { s3Source } from './s3.ts';
import { SourceError, sourceRoot, type Fetched, type KeptGit, type SourceDeps, type SourceKind } from './source.ts';
import { createSubmodules } from './submodules.ts';

export { gitUrlTypes, repositoryUrl } from './git-url.ts';
export { SourceError, type KeptGit, type SourceDeps } from './source.ts';

/** A source that lies in the build's folder. */
export interface FetchedSource extends Fetched {
  readonly source: ProjectSource;
  /** CODEBUILD_SOURCE_VERSION */
  readonly version?: string;
  /** Below `/codebuild/output`. */
  readonly path: string;
}

export interface FetchedSources {
  readonly primary: FetchedSource;
  /** By source identifier. */
  readonly secondary: Readonly<Record<string, FetchedSource>>;
}

interface BuildRequest {
  readonly role: Caller;
  readonly folder: string;
  readonly keptGit?: KeptGit | undefined;
  readonly signal: AbortSignal;
}

/** Fetches every source of a build, as its role. */
export interface SourceFetcher {
  /** @throws SourceError */
  fetch(build: StoredBuild, request: BuildRequest): Promise<FetchedSources>;
}

const noSource: SourceKind = { path: () => '', fetch: async () => ({}) };

export function createSources(deps: SourceDeps): SourceFetcher {
  const submodules = createSubmodules(async (request, { url, commit, folder, password }) => {
    const { gitSubmodulesConfig: _handled, ...source } = request.source;
    if (isOurs(url, deps.endpoint())) return void (await codeCommitSource(deps).fetch({ ...request, source: { ...source, location: url }, version: commit, folder }));
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) throw new SourceError(`the submodule ${url} is not reached by https`);
    await fetchUrl(deps, request, { url: new URL(url), password, version: commit, depth: source.gitCloneDepth ?? 0, folder });
  });
  const gitUrl = gitUrlSource(deps, submodules);
  const kinds: Partial<Record<SourceType, SourceKind>> = {
    ...Object.fromEntries(gitUrlTypes.map((type) => [type, gitUrl])),
    CODECOMMIT: codeCommitSource(deps, submodules), S3: s3Source(deps), CODEPIPELINE: codePipelineSource(deps), NO_SOURCE: noSource,
  };

  async function one(build: StoredBuild, source: ProjectSource, version: string | undefined, request: BuildRequest): Promise<FetchedSource> {
    const kind = kinds[source.type];
    const identifier = source.sourceIdentifier;
    if (!kind) throw new SourceError(`The source type ${source.type} is not supported by Slipway yet`);
    try {
      const below = kind.path({ source, region: build.region });
      const path = join(sourceRoot(build.id, identifier), 'src', below);
      const folder = sourceFolder(request.folder, path);
      await mkdir(folder, { recursive: true });
      const fetched = await kind.fetch({ ...request, account: build.account, region: build.region, source, version, hosts: build.definition.sourceHosts ?? [], folder, scratch: request.folder });
      return { ...(version === undefined ? {} : { version }), ...fetched, source, path };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new SourceError(`${error.message} for ${identifier === undefined ? 'primary source' : `source ${identifier}`} and source version ${version ?? ''}`.trimEnd(), { cause: error });
    }
  }

  return {
    async fetch(build, request) {
      const { definition } = build;
      const versions = new Map((definition.secondarySourceVersions ?? []).map(({ sourceIdentifier, sourceVersion }) => [sourceIdentifier, sourceVersion]));
      const { sourceIdentifier: _identifier, ...source } = definition.source;
      const primary = await one(build, source, definition.sourceVersion, request);
      const secondary: Record<string, FetchedSource> = {};
      for (const each of definition.secondarySources ?? []) {
        const identifier = each.sourceIdentifier;
        if (identifier === undefined) throw new SourceError('a secondary source has no sourceIdentifier');
        secondary[identifier] = await one(build, each, versions.get(identifier), request);
      }
      return { primary, secondary };
    },
  };
}
