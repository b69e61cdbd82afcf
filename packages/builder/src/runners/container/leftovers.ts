import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode } from '../../is-code.ts';
import { Engine } from './engine.ts';

/** Every container of a build carries the build's mark under this label. */
export const LABEL = 'dev.slipway.build';

interface Note {
  readonly socket: string;
  readonly mark: string;
}

const noteFile = (folder: string): string => join(folder, 'container.json');

/** Written before the container is made: whoever finds the build's supervisor dead knows where to look. */
export async function noteContainer(folder: string, note: Note): Promise<void> {
  await writeFile(noteFile(folder), JSON.stringify(note), { mode: 0o600 });
}

export async function forgetContainer(folder: string): Promise<void> {
  await rm(noteFile(folder), { force: true });
}

/** Removes the containers of a build whose supervisor is gone. */
export async function sweepContainers(folder: string): Promise<void> {
  let note: Note;
  try {
    note = JSON.parse(await readFile(noteFile(folder), 'utf8')) as Note;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  await removeMarked(note.socket, note.mark);
  await forgetContainer(folder);
}

async function removeMarked(socket: string, mark: string): Promise<void> {
  const engine = new Engine(socket);
  for (const id of await engine.find({ [LABEL]: mark })) await engine.remove(id);
}
