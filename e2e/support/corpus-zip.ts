import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import { fileSeen } from './corpus.ts';

/** What is in a zip, as the corpus writes it: modes and hashes, and the targets of links. */
export async function unzipTree(stream: Readable): Promise<Record<string, string>> {
  const bytes = await buffer(stream);
  const zip = await new Promise<ZipFile>((resolve, reject) => fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened))));
  const found: Record<string, string> = {};
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', resolve);
    zip.on('entry', (entry: Entry) => {
      const mode = entry.externalFileAttributes >>> 16;
      zip.openReadStream(entry, (error, content) => {
        if (error) return reject(error);
        buffer(content).then((text) => {
          found[entry.fileName] = (mode & 0o170_000) === 0o120_000 ? `link ${text.toString()}` : fileSeen(mode, text);
          zip.readEntry();
        }, reject);
      });
    });
    zip.readEntry();
  });
  return found;
}
