import { closeSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { isCode } from '../runners/processes.ts';
import { supervise } from './supervise.ts';

/** The supervisor's program: `supervisor.js <build folder>`. It is started by `launch` and outlives the server. */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: supervisor <build folder>\n');
  process.exit(2);
}

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());

await supervise(resolve(folder), () => {
  try {
    writeSync(1, 'claimed\n');
  } catch (error) {
    // Whoever launched us may be gone already.
    if (!isCode(error, 'EPIPE')) throw error;
  }
  closeSync(1);
}, stopping.signal);

// The result is on the disk: nothing that a build left open may keep its supervisor.
process.exit(0);
