import { submoduleFolder, submodulesOf, type Submodule } from '../../../git/index.ts';
import type { UserAndPassword } from './credentials.ts';
import { SourceError, type SourceRequest } from './source.ts';

/** Fetches one submodule at its commit into its folder. Credentials are given only to the origin that they are for. */
export type FetchSubmodule = (request: SourceRequest, submodule: { url: string; commit: string; folder: string; password: UserAndPassword | undefined }) => Promise<void>;

export interface Submodules {
  /** Every submodule of what lies in the request's folder, and theirs. @throws SourceError */
  fetch(request: SourceRequest, parentUrl: string, known?: { origin: string; password: UserAndPassword | undefined }): Promise<void>;
}

/** How deep repositories may lie in each other, and how many there may be: a repository can hold itself. */
const MOST = { depth: 8, count: 500 } as const;

export function createSubmodules(fetchOne: FetchSubmodule): Submodules {
  return {
    async fetch(request, parentUrl, known) {
      let count = 0;

      async function below(folder: string, url: string, depth: number): Promise<void> {
        for (const submodule of await submodulesOf(folder, request.signal)) {
          count += 1;
          if (depth >= MOST.depth || count > MOST.count) throw new SourceError(`the submodule ${submodule.path} lies too deep, or there are too many`);
          const target = resolved(url, submodule);
          const place = await submoduleFolder(folder, submodule);
          if (place === undefined) throw new SourceError(`the submodule ${submodule.path} has no folder of its own`);
          const password = known && originOf(target) === known.origin ? known.password : undefined;
          await fetchOne(request, { url: target, commit: submodule.commit, folder: place, password });
          await below(place, target, depth + 1);
        }
      }

      await below(request.folder, parentUrl, 0);
    },
  };
}

/** Relative URLs count from the parent's own, as git has it: `../other` stands beside it. */
export function resolved(parentUrl: string, { url, path }: Submodule): string {
  if (!url.startsWith('./') && !url.startsWith('../')) return url;
  const parent = new URL(`${parentUrl.replace(/\/+$/, '')}/`);
  const target = new URL(url, parent);
  if (target.origin !== parent.origin) throw new SourceError(`the URL ${url} of the submodule ${path} cannot be resolved`);
  return target.href.replace(/\/+$/, '');
}

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);

