import { appendFileSync, closeSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { isCode } from '../runners/processes.ts';
import { errorFile } from './folder.ts';
import { supervise } from './supervise.ts';

/**
 * The supervisor's program. It is started by `launch`, perhaps ahead of its build, is told the build's folder on its
 * standard input, and outlives the server. Told nothing, it ends.
 */
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());

const told = await text(process.stdin);
if (told === '') process.exit(0);
const folder = resolve(told);

try {
  await supervise(folder, claimed, stopping.signal);
} catch (error) {
  // Whoever launched us may be gone: what went wrong is told beside the build.
  appendFileSync(errorFile(folder), `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`, { mode: 0o600 });
  process.exit(1);
}
// The result is on the disk: nothing that a build left open may keep its supervisor.
process.exit(0);

function claimed(): void {
  try {
    writeSync(1, 'claimed\n');
  } catch (error) {
    if (!isCode(error, 'EPIPE')) throw error;
  }
  closeSync(1);
}
