// `npm test`: installs, builds, checks types and lint, runs every test. Arguments go to vitest.
import { join, resolve } from 'node:path';
import { ensureInstalled, run } from './ensure.mjs';

const root = resolve(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);

ensureInstalled();
const { build } = await import('./build.mjs');
await build();
run(bin('tsc'), ['--noEmit']);
run('npm', ['run', '--silent', 'lint']);
run(bin('vitest'), ['run', ...process.argv.slice(2)]);
