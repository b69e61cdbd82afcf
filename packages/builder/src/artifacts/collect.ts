import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, posix, sep } from 'node:path';
import picomatch from 'picomatch';
import { isCode } from '../runners/processes.ts';

export interface ManifestEntry {
  /** Inside the artifact, with `/`. */
  readonly path: string;
  /** On this machine. */
  readonly file: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
}

/** The files of one artifact, sorted by path. */
export interface Manifest {
  readonly entries: readonly ManifestEntry[];
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
  for (const { pattern, match } of files) {
    log(`Expanding ${pattern}`);
    let count = 0;
    for (const base of bases) {
      for await (const file of walk(root, base.path, pattern, match.under)) {
        const inBase = posix.relative(base.path, file.path) || file.path;
        if (!match.test(inBase) || excluded.some((exclude) => exclude.test(inBase))) continue;
        const path = patterns.discardPaths ? basename(file.path) : inBase;
        found.set(path, { path, file: file.real, mode: file.stats.mode & 0o777, size: file.stats.size });
        count += 1;
      }
    }
    log(`Found ${count} file(s)`);
  }
  if (found.size === 0) throw new ArtifactError('no matching artifact paths found', patterns.files.join(', '));
  return { entries: [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

interface Base {
  /** Relative to the source folder; '' is the source folder itself. */
  readonly path: string;
}

interface Matcher {
  test(path: string): boolean;
  /** The part of the pattern before its first wildcard: nothing else needs to be walked. */
  readonly under: string;
}

/** Go's and the shell's wildcards alike; a name that begins with a dot is an ordinary name, as for AWS. */
function matcher(pattern: string): Matcher {
  const scan = picomatch.scan(pattern);
  const isMatch = picomatch(pattern, { dot: true, nonegate: true, noextglob: true, posixSlashes: true });
  const under = scan.isGlob ? scan.base : pattern;
  // A folder named without wildcards means the files below it.
  return { under, test: (path) => (pattern === '.' ? true : isMatch(path) || (!scan.isGlob && path.startsWith(`${pattern}/`))) };
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
    const real = await inside(root, path, written);
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

interface Found {
  readonly path: string;
  readonly real: string;
  readonly stats: Stats;
}

/** Regular files below a base directory, links followed as long as they stay inside and do not turn in circles. */
async function* walk(root: string, base: string, pattern: string, under: string): AsyncGenerator<Found> {
  const start = posix.join(base, under === '' ? '.' : under);
  yield* visit(root, start === '.' ? '' : start, pattern, []);
}

async function* visit(root: string, path: string, pattern: string, above: readonly string[]): AsyncGenerator<Found> {
  const real = await inside(root, path, pattern);
  if (real === undefined) return;
  const stats = await stat(real);
  if (stats.isFile()) yield { path, real, stats };
  if (!stats.isDirectory() || above.includes(real)) return;
  for (const name of (await readdir(real)).toSorted()) yield* visit(root, path === '' ? name : `${path}/${name}`, pattern, [...above, real]);
}

/** The real path of something in the workspace; undefined when nothing is there. A link that leads out is refused. */
async function inside(root: string, path: string, pattern: string): Promise<string | undefined> {
  const full = join(root, path);
  let real: string;
  try {
    real = await realpath(full);
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR') || isCode(error, 'ELOOP')) return undefined;
    throw error;
  }
  if (real !== root && !real.startsWith(root + sep)) {
    const link = (await lstat(full)).isSymbolicLink() ? 'is a symbolic link that leads' : 'leads';
    throw new ArtifactError(`The artifact path ${pattern} matches ${path}, which ${link} out of the source directory`, pattern);
  }
  return real;
}
