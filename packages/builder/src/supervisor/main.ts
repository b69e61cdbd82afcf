import { appendFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { isCode } from '../is-code.ts';
import type { Ahead } from '../runners/ahead.ts';
import { errorFile } from './folder.ts';
import { prepare } from './preparation.ts';
import type { Preparation } from './preparation.ts';
import { supervise } from './supervise.ts';

/**
 * The supervisor's program. It is started by `launch`, perhaps ahead of its build, and outlives the server. On its standard
 * input it is told in one line what to prepare, and behind that the build's folder. Told no folder, it ends.
 */
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());

let told = '';
let ahead: Ahead | undefined;
for await (const chunk of process.stdin.setEncoding('utf8')) {
  const begun = told.includes('\n');
  told += String(chunk);
  if (!begun && told.includes('\n')) ahead = prepare(JSON.parse(told.slice(0, told.indexOf('\n'))) as Preparation);
}
const place = told.slice(told.indexOf('\n') + 1);
if (place === '') process.exit(0);
const folder = resolve(place);

process.on('uncaughtException', breakDown);
try {
  await supervise(folder, claimed, { signal: stopping.signal, ...(ahead === undefined ? {} : { ahead }) });
} catch (error) {
  breakDown(error);
}
// The result is on the disk: nothing that a build left open may keep its supervisor.
process.exit(0);

/** Whoever launched us may be gone: what went wrong is told beside the build. */
function breakDown(error: unknown): never {
  appendFileSync(errorFile(folder), `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`, { mode: 0o600 });
  process.exit(1);
}

/** Standard output stays open, though nobody reads it any more: its number, given to another file, would be taken for it. */
function claimed(): void {
  try {
    writeSync(1, 'claimed\n');
  } catch (error) {
    if (!isCode(error, 'EPIPE')) throw error;
  }
}
