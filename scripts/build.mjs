// Bundles the programs that are shipped: the CLI with the server in it, the build supervisor, the deploy agent.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { globSync } from './glob.mjs';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'packages/slipway');

const programs = {
  slipway: 'packages/slipway/src/slipway.ts',
  supervisor: 'packages/builder/src/supervisor/main.ts',
  agent: 'packages/agent/src/main.ts',
};

export async function build() {
  execFileSync(process.execPath, [join(root, 'packages/contracts/generator/generate.mjs')], { stdio: 'inherit' });
  const { build: bundle } = await import('esbuild');
  const result = await bundle({
    absWorkingDir: root,
    entryPoints: Object.entries(programs).map(([name, file]) => ({ in: file, out: name })),
    outdir: join(out, 'dist'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // Native or optional: installed beside the bundle.
    external: ['@photostructure/sqlite', 'pg', 'pg-native', 'cpu-features', '*.node'],
    // CommonJS dependencies inside an ES module bundle call `require` for node's own modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __folder = import.meta.dirname;" },
    // So do some for their own folder's name.
    define: { __dirname: '__folder' },
  });
  cpSync(join(root, 'packages/contracts/gen'), join(out, 'gen'), { recursive: true, filter: (file) => !file.endsWith('.ts') });
  rmSync(join(out, 'examples'), { recursive: true, force: true });
  cpSync(join(root, 'examples'), join(out, 'examples'), { recursive: true });
  for (const file of ['README.md', 'LICENSE']) if (existsSync(join(root, file))) copyFileSync(join(root, file), join(out, file));
  writeFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), licences(Object.keys(result.metafile.inputs)));
}

/** The licence texts of every package that went into a bundle, as their licences ask. */
function licences(inputs) {
  const folders = new Set(inputs.map((file) => file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean));
  return [...folders]
    .toSorted()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const text = globSync(root, folder, new RegExp(`^${folder}/licen[cs]e[^/]*$`, 'i'))[0];
      return `${name} ${version} (${license})\n\n${text ? readFileSync(join(root, text), 'utf8') : ''}`;
    })
    .join('\n\n----------------------------------------\n\n');
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(out, { recursive: true });
  await build();
}
