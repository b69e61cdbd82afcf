import type { Stats } from 'node:fs';
import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, join, posix, sep } from 'node:path';
import picomatch from 'picomatch';
import { isCode } from '../is-code.ts';

export interface ManifestEntry {
  /** Inside the artifact, with `/`. */
  readonly path: string;
  /** On this machine. */
  readonly file: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
}

/** A symbolic link that is kept; the entries hold what it leads to as well, for whoever cannot store links. */
export interface ManifestLink {
  readonly path: string;
  /** Relative, and inside the artifact. */
  readonly target: string;
}

/** The files of one artifact, sorted by path. */
export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** With `enable-symlinks` alone: a zip holds these in place of the entries at and below them. */
  readonly links?: readonly ManifestLink[];
}

/** What UPLOAD_ARTIFACTS fails with: AWS's status code and a message that names the pattern. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';
  readonly statusCode = 'CLIENT_ERROR';
  readonly pattern: string;

  constructor(message: string, pattern: string) {
    super(message);
    this.pattern = pattern;
  }
}

export interface ArtifactPatterns {
  readonly files: readonly string[];
  readonly excludePaths: readonly string[];
  readonly baseDirectory?: string;
  readonly discardPaths: boolean;
  readonly enableSymlinks?: boolean;
}

/**
 * Collects an artifact's files from the source folder by AWS's rules: patterns are relative to the base directory,
 * which may itself be a pattern of top-level folders; the base directory is not part of the paths. Nothing outside the
 * source folder is ever collected: not by `..`, not by an absolute path, not through a symbolic link.
 * Call it when no process of the build lives any more: a path must not change between check and use.
 */
export async function collectArtifact(source: string, patterns: ArtifactPatterns, log: (line: string) => void = () => undefined): Promise<Manifest> {
  const root = await realpath(source);
  const baseDirectory = normal(patterns.baseDirectory ?? '.', 'base directory');
  log(`Expanding base directory path: ${patterns.baseDirectory ?? '.'}`);
  const bases = await baseDirectories(root, baseDirectory, patterns.baseDirectory ?? '.');
  const files = patterns.files.map((pattern) => ({ pattern, match: matcher(normal(pattern, 'artifact path')) }));
  const excluded = patterns.excludePaths.map((pattern) => matcher(normal(pattern, 'exclude path')));
  const found = new Map<string, ManifestEntry>();
  const links = new Map<string, ManifestLink>();
  for (const { pattern, match } of files) {
    log(`Expanding ${pattern}`);
    let count = 0;
    for (const base of bases) {
      for await (const file of walk(root, base, match)) {
        const inBase = posix.relative(base.path, file.path) || file.path;
        if ('target' in file) {
          const kept = match.test(inBase) || match.test(`${inBase}/x`);
          if (patterns.enableSymlinks === true && !patterns.discardPaths && kept && !excluded.some((exclude) => exclude.test(inBase))) links.set(inBase, { path: inBase, target: file.target });
          continue;
        }
        if ('outside' in file) {
          const covers = ({ test }: Matcher): boolean => test(inBase) || test(`${inBase}/x`);
          if (covers(match) && !excluded.some(covers)) throw leadsOut(pattern, file.path);
          continue;
        }
        if (!match.test(inBase) || excluded.some((exclude) => exclude.test(inBase))) continue;
        const path = patterns.discardPaths ? basename(file.path) : inBase;
        found.set(path, { path, file: file.real, mode: file.stats.mode & 0o777, size: file.stats.size });
        count += 1;
      }
    }
    log(`Found ${count} file(s)`);
  }
  if (found.size === 0) throw new ArtifactError('no matching artifact paths found', patterns.files.join(', '));
  const entries = [...found.values()].toSorted(byPath);
  // A link below a kept one is what that one leads to.
  const kept = [...links.values()].filter(({ path }) => !path.split('/').some((_, at, names) => at > 0 && links.has(names.slice(0, at).join('/')))).toSorted(byPath);
  return kept.length === 0 ? { entries } : { entries, links: kept };
}

const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);

interface Base {
  /** Relative to the source folder; '' is the source folder itself. */
  readonly path: string;
}

interface Matcher {
  test(path: string): boolean;
  /** The part of the pattern before its first wildcard: nothing else needs to be walked. */
  readonly under: string;
  /** How many levels deep a match can lie. */
  readonly depth: number;
}

/** Go's and the shell's wildcards alike; a name that begins with a dot is an ordinary name, as for AWS. */
function matcher(pattern: string): Matcher {
  const scan = picomatch.scan(pattern);
  const isMatch = picomatch(pattern, { dot: true, nonegate: true, noextglob: true });
  const under = scan.isGlob ? scan.base : pattern;
  // A folder named without wildcards means the files below it.
  const depth = !scan.isGlob || pattern.includes('**') ? Number.POSITIVE_INFINITY : pattern.split('/').length;
  return { under, depth, test: (path) => (pattern === '.' ? true : isMatch(path) || (!scan.isGlob && path.startsWith(`${pattern}/`))) };
}

/** A pattern relative to the workspace, without `./` and doubled slashes. */
function normal(pattern: string, what: string): string {
  if (pattern.includes('\0')) throw new ArtifactError(`The ${what} holds a NUL character`, pattern);
  if (pattern.startsWith('/') || pattern.startsWith('~')) throw new ArtifactError(`The ${what} ${pattern} is absolute; it must lie inside the source directory`, pattern);
  if (pattern.split('/').includes('..')) throw new ArtifactError(`The ${what} ${pattern} leaves the source directory`, pattern);
  return posix.normalize(pattern).replace(/(.)\/$/, '$1');
}

async function baseDirectories(root: string, pattern: string, written: string): Promise<Base[]> {
  if (pattern === '.') return [{ path: '' }];
  const scan = picomatch.scan(pattern);
  const candidates = scan.isGlob ? await foldersBelow(root, pattern) : [pattern];
  const bases: Base[] = [];
  for (const path of candidates) {
    const real = await realInside(root, path);
    if (real === OUTSIDE) throw new ArtifactError(`The base directory ${written} matches ${path}, which leads out of the source directory`, written);
    if (real !== undefined && (await stat(real)).isDirectory()) bases.push({ path });
  }
  if (bases.length === 0) throw new ArtifactError(`no matching base directory path found for ${written}`, written);
  return bases;
}

async function foldersBelow(root: string, pattern: string): Promise<string[]> {
  const isMatch = picomatch(pattern, { dot: true, nonegate: true, noextglob: true });
  const depth = pattern.includes('**') ? Number.POSITIVE_INFINITY : pattern.split('/').length;
  const found: string[] = [];
  async function descend(path: string, level: number): Promise<void> {
    for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
      const name = path === '' ? entry.name : `${path}/${entry.name}`;
      if (!entry.isDirectory()) continue;
      if (isMatch(name)) found.push(name);
      if (level < depth) await descend(name, level + 1);
    }
  }
  await descend('', 1);
  return found.toSorted();
}

type Found = { readonly path: string; readonly real: string; readonly stats: Stats } | { readonly path: string; readonly outside: true } | { readonly path: string; readonly target: string };

/** Regular files below a base directory, links followed as long as they stay inside and do not turn in circles. */
async function* walk(root: string, base: Base, match: Matcher): AsyncGenerator<Found> {
  const joined = posix.join(base.path, match.under === '' ? '.' : match.under);
  const start = joined === '.' ? '' : joined;
  const level = match.under === '' ? 0 : match.under.split('/').length;
  const within = await realInside(root, base.path);
  yield* visitUnknown({ root, depth: match.depth, base: typeof within === 'string' ? within : root }, start, level, []);
}

interface Walk {
  readonly root: string;
  /** How many levels below the base directory a match can lie. */
  readonly depth: number;
  /** The base directory's real path. */
  readonly base: string;
}

/** Something that may be a link, or lie behind one. */
async function* visitUnknown(walk: Walk, path: string, level: number, above: readonly string[]): AsyncGenerator<Found> {
  const real = await realInside(walk.root, path);
  if (real === undefined) return;
  if (real === OUTSIDE) {
    yield { path, outside: true };
    return;
  }
  const stats = await stat(real);
  if (stats.isFile()) yield { path, real, stats };
  else if (stats.isDirectory()) yield* visitFolder(walk, path, real, level, above);
}

async function* visitFolder(walk: Walk, path: string, real: string, level: number, above: readonly string[]): AsyncGenerator<Found> {
  if (above.includes(real) || level >= walk.depth) return;
  const entries = (await readdir(real, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = path === '' ? entry.name : `${path}/${entry.name}`;
    const full = join(real, entry.name);
    if (entry.isFile()) yield { path: name, real: full, stats: await stat(full) };
    else if (entry.isDirectory()) yield* visitFolder(walk, name, full, level + 1, [...above, real]);
    else if (entry.isSymbolicLink()) {
      yield* keptLink(walk, name, full);
      yield* visitUnknown(walk, name, level + 1, [...above, real]);
    }
  }
}

/** The link itself, where it leads to something of the base directory: whoever unpacks the artifact is led nowhere else. */
async function* keptLink(walk: Walk, path: string, full: string): AsyncGenerator<Found> {
  const target = await readlink(full);
  const real = await realInside(walk.root, path);
  if (typeof real === 'string' && !target.startsWith('/') && real.startsWith(walk.base + sep)) yield { path, target };
}

const OUTSIDE = Symbol('outside the source folder');

/** The real path of something in the workspace; undefined when nothing is there or a link leads nowhere. */
async function realInside(root: string, path: string): Promise<string | typeof OUTSIDE | undefined> {
  let real: string;
  try {
    real = await realpath(join(root, path));
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
  return real === root || real.startsWith(root + sep) ? real : OUTSIDE;
}

function leadsOut(pattern: string, path: string): ArtifactError {
  return new ArtifactError(`The artifact path ${pattern} matches ${path}, a symbolic link that leads out of the source directory`, pattern);
}
