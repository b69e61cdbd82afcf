import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { openPromise } from 'yauzl';
import type { Entry } from 'yauzl';

export const BUNDLE_TYPES = ['tar', 'tgz', 'zip'] as const;
export type BundleType = (typeof BUNDLE_TYPES)[number];

/** A bundle that does not unpack, or must not. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/**
 * Unpacks a bundle into the new folder `target`. Nothing is ever written outside it: entries named `..` or absolutely are
 * refused, and so are symbolic links that lead out. A single top folder that holds the AppSpec is stripped.
 */
export async function unpack(bundle: string, type: BundleType, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const sink = new Sink(target);
  if (type === 'zip') await unpackZip(bundle, sink);
  else await unpackTar(bundle, type === 'tgz', sink);
  await sink.finish();
  await stripTopFolder(target);
}

/** Where entries of any format go; links wait until every file is written, so that no entry is written through a link. */
class Sink {
  readonly #root: string;
  readonly #links: { name: string; target: string }[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  async folder(name: string): Promise<void> {
    await mkdir(this.#place(name), { recursive: true });
  }

  async file(name: string, content: Readable, executable: number): Promise<void> {
    const place = this.#place(name);
    await mkdir(dirname(place), { recursive: true });
    await pipeline(content, createWriteStream(place));
    // The owner may always read; set-user-id bits never come from a bundle.
    await chmod(place, (executable & 0o777) | 0o600);
  }

  link(name: string, target: string): void {
    this.#place(name);
    this.#links.push({ name, target });
  }

  /** Makes the links and then asks the file system itself where each leads. */
  async finish(): Promise<void> {
    const places = new Set(this.#links.map(({ name }) => this.#place(name)));
    for (const { name, target } of this.#links) {
      // The check below comes too late for a link that is itself made through a link.
      for (let parent = dirname(this.#place(name)); parent.length > this.#root.length; parent = dirname(parent)) {
        if (places.has(parent)) throw new BundleError(`the bundle's symbolic link "${name}" stands below another symbolic link`);
      }
      if (target.startsWith('/')) throw new BundleError(`the bundle's symbolic link "${name}" leads out of the bundle: "${target}"`);
      await mkdir(dirname(this.#place(name)), { recursive: true });
      await symlink(target, this.#place(name));
    }
    const root = await realpath(this.#root);
    for (const { name, target } of this.#links) {
      const real = await realpath(this.#place(name)).catch(() => undefined);
      if (real === undefined) throw new BundleError(`the bundle's symbolic link "${name}" leads to nothing in the bundle: "${target}"`);
      if (real !== root && !real.startsWith(root + sep)) throw new BundleError(`the bundle's symbolic link "${name}" leads out of the bundle: "${target}"`);
    }
  }

  #place(name: string): string {
    if (name.includes('\0') || name.includes('\\')) throw new BundleError(`the bundle holds an entry with an unsafe name: ${JSON.stringify(name)}`);
    if (name.startsWith('/')) throw new BundleError(`the bundle holds an entry with an absolute path: "${name}"`);
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw new BundleError(`the bundle holds an entry that leads out of it: "${name}"`);
    return join(this.#root, ...parts);
  }
}

const UNIX = 3;
const FILE_KIND = 0o170000;
const SYMBOLIC_LINK = 0o120000;

async function unpackZip(bundle: string, sink: Sink): Promise<void> {
  const zip = await openPromise(bundle, { strictFileNames: true, decodeStrings: true });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.isEncrypted()) throw new BundleError(`the bundle's entry "${entry.fileName}" is encrypted`);
      const mode = unixMode(entry);
      if (entry.fileName.endsWith('/')) await sink.folder(entry.fileName);
      else if ((mode & FILE_KIND) === SYMBOLIC_LINK) sink.link(entry.fileName, await textOf(await zip.openReadStreamPromise(entry)));
      else await sink.file(entry.fileName, await zip.openReadStreamPromise(entry), mode === 0 ? 0o644 : mode);
    }
  } finally {
    zip.close();
  }
}

/** 0 when the zip was made where files have no mode. */
function unixMode(entry: Entry): number {
  return entry.versionMadeBy >>> 8 === UNIX ? entry.externalFileAttributes >>> 16 : 0;
}

const LONGEST_LINK = 4096;

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_LINK) throw new BundleError('the bundle holds a symbolic link with an overlong target');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function unpackTar(bundle: string, zipped: boolean, sink: Sink): Promise<void> {
  const entries = extract();
  const source = createReadStream(bundle);
  const feeding = zipped ? pipeline(source, createGunzip(), entries) : pipeline(source, entries);
  const reading = (async () => {
    for await (const entry of entries) {
      const { name, type, linkname, mode } = entry.header;
      if (type === 'directory') await sink.folder(name);
      else if (type === 'symlink') sink.link(name, linkname ?? '');
      else if (type === 'file' || type === 'contiguous-file') {
        await sink.file(name, entry as unknown as Readable, mode ?? 0o644);
        continue;
      } else {
        throw new BundleError(`the bundle's entry "${name}" is a ${String(type)}; only files, folders and symbolic links can be deployed`);
      }
      entry.resume();
    }
  })();
  const results = await Promise.allSettled([reading, feeding]);
  // The reader's own refusal says more than the broken pipe that follows from it.
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function stripTopFolder(target: string): Promise<void> {
  const names = await readdir(target);
  const only = names.length === 1 && names[0] !== undefined ? join(target, names[0]) : undefined;
  if (only === undefined || !(await stat(only)).isDirectory()) return;
  if (!(await readdir(only)).some((name) => /appspec/i.test(name))) return;
  const aside = `${target}-temp`;
  await rm(aside, { recursive: true, force: true });
  await rename(target, aside);
  await rename(join(aside, basename(only)), target);
  await rm(aside, { recursive: true, force: true });
}
