import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running server leaves in its data folder for `slipway env` and its like. */
export interface ServerNote {
  readonly endpoint: string;
  readonly region: string;
  readonly pid: number;
}

const noteFile = (data: string): string => join(data, 'run', 'server.json');

export function writeServerNote(data: string, note: ServerNote): void {
  writeFileSync(noteFile(data), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

/** Undefined when no server has left a note, which is so before the first start and after a clean end. */
export function readServerNote(data: string): ServerNote | undefined {
  const file = noteFile(data);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ServerNote) : undefined;
}

export function removeServerNote(data: string): void {
  rmSync(noteFile(data), { force: true });
}
