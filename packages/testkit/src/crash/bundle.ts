import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '../../../..');

/** Bundles a TypeScript program into one file that plain Node runs, and answers that file. npm packages stay outside. */
export async function bundleProgram(entry: string): Promise<string> {
  // Below node_modules, so that the packages left outside are found, and git sees nothing.
  const folder = join(root, 'node_modules', '.cache', 'slipway-testkit');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${createHash('sha256').update(`${process.pid} ${entry}`).digest('hex').slice(0, 16)}.mjs`);
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', external: npmPackages(), sourcemap: 'inline', logLevel: 'error' });
  return outfile;
}

function npmPackages(): string[] {
  const names = new Set<string>();
  for (const folder of readdirSync(join(root, 'packages'))) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const name of Object.keys(dependencies)) if (!name.startsWith('@slipway/')) names.add(name);
  }
  return [...names];
}
