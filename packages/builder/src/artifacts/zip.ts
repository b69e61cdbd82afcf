import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Manifest } from './collect.ts';

/** The earliest time that a zip can hold: equal files make equal zips. */
const MTIME = new Date(1980, 0, 1);

/** A zip of the manifest's files with their modes, and of its links. The stream fails when a file is gone or has become a link. */
export function zipArtifact(manifest: Manifest): Readable {
  const zip = new ZipFile();
  const out = new PassThrough();
  zip.on('error', (error) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  zip.outputStream.on('error', (error) => out.destroy(error));
  zip.outputStream.pipe(out);
  const links = manifest.links ?? [];
  for (const { path, target } of links) zip.addBuffer(Buffer.from(target), path, { mode: 0o120_777, mtime: MTIME, compress: false });
  const linked = (path: string): boolean => links.some((link) => path === link.path || path.startsWith(`${link.path}/`));
  for (const { path, file, mode } of manifest.entries) {
    if (linked(path)) continue;
    // Opened one at a time, when its turn comes: an artifact may have more files than a process may open.
    zip.addReadStreamLazy(path, { mode: 0o100_000 | mode, mtime: MTIME }, (callback) => {
      open(file, constants.O_RDONLY | constants.O_NOFOLLOW).then(
        (handle) => callback(null, handle.createReadStream()),
        (error: unknown) => callback(error, new PassThrough()),
      );
    });
  }
  zip.end();
  return out;
}
