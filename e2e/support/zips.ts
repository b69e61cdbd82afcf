import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type { Files } from './site.ts';

const LINK = 0o120777;

export interface ZipOptions {
  /** Symbolic links: target by path. */
  readonly links?: Files;
  /** Names to be changed in the finished zip to others of the same length, which no zip writer would write. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** A zip as a stranger might send it. */
export async function zipOf(files: Files, { links = {}, renamed = {} }: ZipOptions = {}): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), path, { mode: 0o100755, compress: false });
  for (const [path, target] of Object.entries(links)) zip.addBuffer(Buffer.from(target), path, { mode: LINK, compress: false });
  zip.end();
  const bytes = await buffer(zip.outputStream as Readable);
  for (const [from, to] of Object.entries(renamed)) {
    if (from.length !== to.length) throw new Error(`${from} and ${to} must be of one length`);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at)) bytes.write(to, at);
  }
  return bytes;
}
