import { PassThrough, type Readable } from 'node:stream';
import { isObjectId } from './names.ts';
import { finished, spawnGit } from './process.ts';

/**
 * The files of a commit as a zip, without `.git`, executable bits and symbolic links kept, streamed as git makes it.
 * The stream fails when git does, so that a cut archive is never taken for a whole one; destroying it ends git.
 */
export function archiveZip(path: string, commit: string): Readable {
  if (!isObjectId(commit)) throw new Error('not a commit id');
  const child = spawnGit(['archive', '--format=zip', '-1', commit], { repository: path });
  child.stdin.end();
  // Read from the start: Node discards what a process has written once it has exited and nobody has begun to read.
  const zip = new PassThrough();
  child.stdout.pipe(zip, { end: false });
  finished(child, 'archive').then(() => zip.end(), (error: Error) => zip.destroy(error));
  zip.once('close', () => child.kill());
  return zip;
}
