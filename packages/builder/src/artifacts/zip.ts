import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Manifest, ManifestEntry } from './collect.ts';

/** The earliest time that a zip can hold: equal files make equal zips. */
const MTIME = new Date(1980, 0, 1);

/** Files that are read whole and compressed side by side: a stream for each would cost more than the file. */
const TOGETHER = { files: 32, bytes: 4 * 1024 * 1024 } as const;

/** Larger pieces are fewer trips to other threads. */
const READ_BYTES = 262_144;

/** A zip of the manifest's files with their modes, and of its links. The stream fails when a file is gone or has become a link. */
export function zipArtifact(manifest: Manifest): Readable {
  const zip = new ZipFile();
  const out = new PassThrough();
  let reading: Readable | undefined;
  const fail = (error: unknown): unknown => out.destroy(error instanceof Error ? error : new Error(String(error)));
  zip.on('error', fail);
  zip.outputStream.on('error', fail);
  zip.outputStream.pipe(out);
  // Whoever wants no more of it leaves no file open.
  out.on('close', () => reading?.destroy());
  const links = manifest.links ?? [];
  for (const { path, target } of links) zip.addBuffer(Buffer.from(target), path, { mode: 0o120_777, mtime: MTIME, compress: false });
  const linked = (path: string): boolean => links.some((link) => path === link.path || path.startsWith(`${link.path}/`));
  const entries = manifest.entries.filter(({ path }) => !linked(path));

  /** A stream's turn comes when all before it is written: of the files that follow it, no more than these are in memory or open. */
  function add(at: number): void {
    const entry = entries[at];
    if (entry === undefined) return zip.end();
    zip.addReadStreamLazy(entry.path, optionsOf(entry), (callback) => {
      opened(entry).then((handle) => {
        reading = handle.createReadStream({ highWaterMark: READ_BYTES }).on('error', fail);
        if (out.destroyed) reading.destroy();
        callback(null, reading);
      }, (error: unknown) => callback(error, new PassThrough()));
      const small = smallFrom(entries, at + 1);
      Promise.all(small.map(readWhole)).then((contents) => {
        for (const [n, next] of small.entries()) zip.addBuffer(contents[n]!, next.path, optionsOf(next));
        add(at + 1 + small.length);
      }).catch(fail);
    });
  }

  add(0);
  return out;
}

const optionsOf = ({ mode }: ManifestEntry): { mode: number; mtime: Date } => ({ mode: 0o100_000 | mode, mtime: MTIME });

const opened = ({ file }: ManifestEntry): Promise<FileHandle> => open(file, constants.O_RDONLY | constants.O_NOFOLLOW);

/** In one call: there is a byte of room for a file that has grown. */
async function readWhole(entry: ManifestEntry): Promise<Buffer> {
  const handle = await opened(entry);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(entry.size + 1), 0, entry.size + 1, 0);
    if (bytesRead !== entry.size) throw new Error(`${entry.path} has changed since it was collected`);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function smallFrom(entries: readonly ManifestEntry[], from: number): ManifestEntry[] {
  let end = from;
  for (let bytes = 0; end < entries.length && end - from < TOGETHER.files; end++) {
    bytes += entries[end]!.size;
    if (bytes > TOGETHER.bytes) break;
  }
  return entries.slice(from, end);
}
