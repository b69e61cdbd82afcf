import { createWriteStream } from 'node:fs';
import { chmod, mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

/** The archive is broken, or would write where it must not, or more than it may. The message says which entry. */
export class BadZip extends Error {
  override readonly name = 'BadZip';
}

export interface UnzipLimits {
  readonly entries: number;
  /** Of all files together, unpacked. */
  readonly bytes: number;
}

/** Far beyond any source, and well before a small archive that unpacks to petabytes fills the disk. */
const unzipLimits: UnzipLimits = { entries: 500_000, bytes: 20 * 1024 ** 3 };

const TYPE = 0o170_000;
const LINK = 0o120_000;
const FOLDER = 0o040_000;
const LONGEST_LINK = 4_096;

/**
 * Unpacks an archive that somebody else made into an empty folder. Files keep their permission bits. Nothing is written
 * outside the folder: names with `..`, absolute names and links that lead out are refused.
 * @throws BadZip
 */
export async function unzip(file: string, folder: string, options: { limits?: UnzipLimits; signal?: AbortSignal } = {}): Promise<void> {
  const { limits = unzipLimits, signal } = options;
  await mkdir(folder, { recursive: true });
  const root = await realpath(folder);
  const zip = await opened(file);
  try {
    const links = await files(zip, root, limits, signal);
    // Last, so that no file is ever written through one.
    const paths = new Set(links.map(({ path }) => path));
    for (const { path, target } of links) {
      if (ancestors(path).some((above) => paths.has(above))) throw new BadZip(`The archive's link ${JSON.stringify(path)} stands below another link`);
      await link(root, path, target);
    }
    // A link to nothing may lead somewhere once a later one is there.
    for (const { path, target } of links) await checkLink(root, path, target);
  } catch (error) {
    // The words of the system name folders of this machine.
    throw isNameProblem(error) ? new BadZip(`The archive's entries cannot be files of one folder: ${error.code}`, { cause: error }) : error;
  } finally {
    zip.close();
  }
}

async function opened(file: string): Promise<ZipFile> {
  try {
    return await openPromise(file, { strictFileNames: true, validateEntrySizes: true });
  } catch (cause) {
    throw bad(cause);
  }
}

async function files(zip: ZipFile, root: string, limits: UnzipLimits, signal?: AbortSignal): Promise<{ path: string; target: string }[]> {
  const links: { path: string; target: string }[] = [];
  let entries = 0;
  let bytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      entries += 1;
      bytes += entry.uncompressedSize;
      if (entries > limits.entries) throw new BadZip(`The archive has more than ${limits.entries} entries`);
      if (bytes > limits.bytes) throw new BadZip(`The archive unpacks to more than ${limits.bytes} bytes`);
      const path = safePath(entry.fileName);
      const mode = entry.externalFileAttributes >>> 16;
      if (entry.fileName.endsWith('/') || (mode & TYPE) === FOLDER) await mkdir(join(root, path), { recursive: true });
      else if ((mode & TYPE) === LINK) links.push({ path, target: await linkTarget(zip, entry) });
      else await write(await zip.openReadStreamPromise(entry), join(root, path), mode & 0o777, signal);
    }
  } catch (error) {
    if (signal?.aborted || error instanceof BadZip || isSystemError(error)) throw error;
    throw bad(error);
  }
  return links;
}

/** yauzl has refused `..`, backslashes and absolute names already; it is said here too because everything hangs on it. */
function safePath(name: string): string {
  const path = posix.normalize(name).replace(/\/$/, '');
  if (path === '' || name.includes('\0') || posix.isAbsolute(path) || path.split('/').includes('..')) throw new BadZip(`The archive's entry ${JSON.stringify(name)} lies outside of it`);
  return path;
}

async function write(source: Readable, file: string, mode: number, signal?: AbortSignal): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await pipeline(source, createWriteStream(file, { flags: 'w', mode: 0o600 }), signal ? { signal } : {});
  // Archives made without a Unix system carry no mode; whoever unpacks must be able to read and remove what he gets.
  await chmod(file, mode === 0 ? 0o644 : mode | 0o600);
}

async function linkTarget(zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > LONGEST_LINK) throw new BadZip(`The archive's link ${JSON.stringify(entry.fileName)} is too long`);
  const pieces: Buffer[] = [];
  for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

async function link(root: string, path: string, target: string): Promise<void> {
  const way = posix.normalize(posix.join(posix.dirname(path), target));
  if (target === '' || target.includes('\0') || posix.isAbsolute(target) || way === '..' || way.startsWith('../')) throw leadsOut(path, target);
  await mkdir(join(root, posix.dirname(path)), { recursive: true });
  await symlink(target, join(root, path));
}

/** Through other links the way may differ from what its letters say. */
async function checkLink(root: string, path: string, target: string): Promise<void> {
  try {
    if (!inside(root, await realpath(join(root, path)))) throw leadsOut(path, target);
  } catch (error) {
    // A link to nothing, or in a circle, leads nowhere.
    if (!isSystemError(error) || (error.code !== 'ENOENT' && error.code !== 'ELOOP')) throw error;
  }
}

const leadsOut = (path: string, target: string): BadZip => new BadZip(`The archive's link ${JSON.stringify(path)} leads out of it, to ${JSON.stringify(target)}`);

/** `a`, `a/b` of `a/b/c`. */
const ancestors = (path: string): string[] => path.split('/').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'));

const inside = (root: string, path: string): boolean => path === root || path.startsWith(root + sep);

/** The disk's or the kernel's trouble, not the archive's. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

/** `a` and `a/b`, a link over a file, or a name that is longer than the file system takes. */
const isNameProblem = (error: unknown): error is NodeJS.ErrnoException => isSystemError(error) && ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG'].includes(String(error.code));

const bad = (cause: unknown): BadZip => new BadZip(`The archive cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
