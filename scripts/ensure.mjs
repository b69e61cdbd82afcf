// Installs and builds what is missing or older than its sources. Imports only node: modules until it has installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { globSync } from './glob.mjs';

const root = resolve(import.meta.dirname, '..');
const modified = (file) => (existsSync(join(root, file)) ? statSync(join(root, file)).mtimeMs : 0);

/** Runs `npm ci` when node_modules does not match package-lock.json. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`Slipway needs Node 20.19 or newer; this is ${process.versions.node}`);
  if (modified('node_modules/.package-lock.json') >= modified('package-lock.json') && modified('node_modules/.package-lock.json') > 0) return;
  console.log('Installing packages (npm ci) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Bundles the programs when a source is newer than the bundle. */
export async function ensureBuilt() {
  const built = modified('packages/slipway/dist/slipway.js');
  const sources = [...globSync(root, 'packages', /\/src\/.*\.ts$/), ...globSync(root, 'packages/contracts/generator', /\.mjs$/), 'scripts/build.mjs', 'package-lock.json'];
  if (built > 0 && sources.every((file) => modified(file) <= built)) return;
  console.log('Building …');
  const { build } = await import('./build.mjs');
  await build();
}

/** Runs a command in the repository's root with its output shown; ends this process with its code when it fails. */
export function run(command, args, options = {}) {
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
