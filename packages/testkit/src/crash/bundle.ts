import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '../../../..');

/** An addon cannot be bundled; the others are loaded by name, if at all, and the crash preload finds them by that name. */
const OUTSIDE = ['@photostructure/sqlite', 'pg', 'cpu-features', '*.node'];
/** CommonJS packages inside an ES module still ask for Node's own modules with `require`. */
const REQUIRE = "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url); const folderOfBundle = import.meta.dirname;";

/** Bundles a TypeScript program into one file that plain Node runs, and answers that file. One file starts several times faster than its packages. */
export async function bundleProgram(entry: string): Promise<string> {
  // Below node_modules, so that the packages left outside are found, and git sees nothing.
  const folder = join(root, 'node_modules', '.cache', 'slipway-testkit');
  mkdirSync(join(folder, 'programs'), { recursive: true });
  provideContracts(folder);
  const outfile = join(folder, 'programs', `${createHash('sha256').update(`${process.pid} ${entry}`).digest('hex').slice(0, 16)}.mjs`);
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', external: OUTSIDE, banner: { js: REQUIRE }, define: { __dirname: 'folderOfBundle' }, sourcemap: 'inline', logLevel: 'error' });
  return outfile;
}

/** A bundled server looks for its contracts where the published one has them: in `gen/` beside its program's folder. */
function provideContracts(folder: string): void {
  try {
    symlinkSync(join(root, 'packages/contracts/gen'), join(folder, 'gen'), 'dir');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
