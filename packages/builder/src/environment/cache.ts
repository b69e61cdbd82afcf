import { copyFile, lstat, rename, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { BuildSpec } from '../build-spec.ts';
import { isCode } from '../is-code.ts';
import { isInPlace } from '../runners/in-place.ts';
import { outputFolder } from '../runners/layout.ts';
import type { Session, Workspace } from '../runners/runner.ts';
import { SessionLost } from '../runners/runner.ts';
import { quote } from '../runners/session.ts';
import { makeOpen } from './tools.ts';

/** Where the host puts a cache to restore, and finds the one to keep: in the build's own folder, which the build does not see. */
export const cacheFile = (folder: string): string => join(folder, 'cache.tar');
export const savedCacheFile = (folder: string): string => join(folder, 'cache-saved.tar');

/**
 * A build's cache. Archives are packed and unpacked by tar inside the build's environment, with no more rights than its
 * commands have: whoever can write the cache can do nothing with it that the build could not do, and the host only moves
 * a file, before the first process of the build and after its last one: between these, whatever the build can write may be
 * a link. An archive holds two: what lies below the source, and what lies elsewhere.
 */
export interface Cache {
  /** Before the first phase. */
  restore(session: Session): Promise<void>;
  /** After the last one, when all have succeeded. */
  pack(session: Session): Promise<void>;
  /** When no process of the build lives any more. */
  hand(): Promise<void>;
}

const NONE: Cache = { restore: async () => undefined, pack: async () => undefined, hand: async () => undefined };

/** Before the workspace is opened. */
export async function openCache(spec: BuildSpec, workspace: Workspace, log: (line: string) => void): Promise<Cache> {
  const { cache } = spec;
  if (cache === undefined || spec.runner === 'dummy') return NONE;
  const host = join(outputFolder(spec.folder), 'tmp', 'slipway-cache');
  const build = posix.join(workspace.output, 'tmp', 'slipway-cache');
  const source = posix.join(workspace.output, spec.source);
  const { relative, absolute } = sorted(cache.paths, log);

  let packed = false;
  if (cache.restore) {
    await makeOpen(host, 0o777);
    await copyFile(cacheFile(spec.folder), join(host, 'whole.tar'));
  }

  return {
    async restore(session) {
      if (!cache.restore) return;
      try {
        const said = await run(session, `cd ${quote(build)} || exit\nbad=\ntar -xof whole.tar 2>/dev/null || bad=1\n${unpack('source.tar', source, relative)}\n${unpack('root.tar', '/', absolute)}\necho "\${bad:-whole}"\nrm -rf ${quote(build)}`);
        log(said === 'whole' ? 'The cache is restored' : 'The cache could not be restored whole: the environment lacks tar, or the archive or its paths are not what was expected');
      } catch (error) {
        // Stopped or killed meanwhile: the first phase says so.
        if (!(error instanceof SessionLost)) throw error;
      }
    },

    async pack(session) {
      if (!cache.save) return;
      try {
        const said = await run(session, `bad=\nmkdir -p ${quote(build)}\n${packInto(posix.join(build, 'source.tar'), source, relative)}\n${packInto(posix.join(build, 'root.tar'), '/', absolute)}\ncd ${quote(build)} && set -- && for p in source.tar root.tar; do [ ! -f "$p" ] || set -- "$@" "$p"; done; [ "$#" = 0 ] || { tar -cf whole.tar "$@" && rm -f "$@" && echo "\${bad:-packed}"; }`);
        packed = said === 'packed';
        if (said === '') log('Nothing is cached: no path of the cache is there');
        else if (!packed) log('Nothing is cached: the paths of the cache could not be packed whole');
      } catch (error) {
        if (!(error instanceof SessionLost)) throw error;
      }
    },

    async hand() {
      if (!cache.save) return;
      // Links that the build has put in the place of the archive or of its folders are none.
      if (!(await isInPlace(spec.folder, host))) return;
      const archive = join(host, 'whole.tar');
      // What a build that was killed on the way has left is no cache.
      if (packed && (await isFile(archive))) await rename(archive, savedCacheFile(spec.folder));
      await rm(host, { recursive: true, force: true });
    },
  };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Answers what the script says: it runs in a subshell and changes nothing of the session's. */
async function run(session: Session, script: string): Promise<string> {
  return (await session.expand(`$({ set +efu\n${script}\n} 2>/dev/null)`)).trim();
}

/** Members that the buildspec does not name stay where they are, and a named one may be missing: the path was not there to be cached. */
function unpack(archive: string, into: string, globs: readonly string[]): string {
  if (globs.length === 0) return '';
  const names = globs.map(fixedPart);
  // Below the source a pattern may begin at once, and then all of it is meant.
  const members = names.includes('.') ? '' : names.map(quote).join(' ');
  return `if [ -f ${archive} ] && ! LC_ALL=C tar -xof ${archive} -C ${quote(into)} ${members} 2>said; then
while read -r line; do case $line in (*'ot found in archive'* | *'previous errors'*) ;; (*) bad=1 ;; esac; done <said
fi`;
}

/** A file that changes while it is packed makes tar complain; the archive is good all the same. */
const packInto = (archive: string, from: string, globs: readonly string[]): string =>
  `cd ${quote(from)} && set -- && for p in ${globs.map(glob).join(' ')}; do if [ -e "$p" ]; then set -- "$@" "$p"; fi; done; [ "$#" = 0 ] || tar -cf ${quote(archive)} "$@" || tar -tf ${quote(archive)} >/dev/null || bad=failed`;

/** Paths as tar shall name them: below the source by `./`, others from the root without its slash. */
function sorted(paths: readonly string[], log: (line: string) => void): { relative: string[]; absolute: string[] } {
  const relative: string[] = [];
  const absolute: string[] = [];
  for (const written of paths) {
    // Everything below a folder is the folder itself.
    const path = posix.normalize(written.replace(/(\/\*\*?)+$/, '')).replace(/\/$/, '');
    const ofRoot = path.startsWith('/') ? path.slice(1) : undefined;
    if (path.split('/').includes('..') || (ofRoot !== undefined && fixedPart(ofRoot) === '')) log(`The path ${written} is not cached: it must lie below the source or name a folder`);
    else if (ofRoot !== undefined) absolute.push(ofRoot);
    else relative.push(path === '.' ? path : `./${path}`);
  }
  return { relative, absolute };
}

/** The folders before the first wildcard. */
const fixedPart = (pattern: string): string => {
  const parts = pattern.split('/');
  const wild = parts.findIndex((part) => /[*?]/.test(part));
  return (wild < 0 ? parts : parts.slice(0, wild)).join('/');
};

/** A pattern as the shell expands it: `*` and `?` are its own, all else is quoted. The shell has no `**` but by name. */
const glob = (pattern: string): string => pattern.replace(/\*\*+/g, '*').split(/([*?]+)/).map((part) => (/^[*?]*$/.test(part) ? part : quote(part))).join('');
