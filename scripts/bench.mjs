// `npm run bench`: installs and builds when needed, then measures. Arguments choose rows by their letter: npm run bench -- c d
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

const root = resolve(import.meta.dirname, '..');

ensureInstalled();
await ensureBuilt();
const { build } = await import('esbuild');
const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
try {
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'bench/main.ts', load: 'bench/load.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  const { main } = await import(pathToFileURL(join(folder, 'main.mjs')).href);
  await main({ root, loadProgram: join(folder, 'load.mjs'), chosen: process.argv.slice(2) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
