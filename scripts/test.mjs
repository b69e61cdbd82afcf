// `npm test`: installs, builds, checks types and lint, runs every test. Arguments go to one run of vitest instead.
import { join, resolve } from 'node:path';
import { ensureInstalled, run } from './ensure.mjs';

const root = resolve(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);
const chosen = process.argv.slice(2);

ensureInstalled();
const { build } = await import('./build.mjs');
await build();
run(bin('tsc'), ['--noEmit']);
run('npm', ['run', '--silent', 'lint']);
if (chosen.length > 0) run(bin('vitest'), ['run', ...chosen]);
else {
  run(bin('vitest'), ['run', 'packages/']);
  // One after the other: each starts servers, builds and hosts of its own.
  run(bin('vitest'), ['run', 'e2e/', '--no-file-parallelism']);
}
