// `npm run coverage`: writes docs/reference/coverage/, a page per service, from what the rooms themselves declare.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled } from './ensure.mjs';

const root = resolve(import.meta.dirname, '..');
const pages = join(root, 'docs/reference/coverage');

ensureInstalled();
await ensureBuilt();
const { build } = await import('esbuild');
// Where the bundle finds the contracts in ../gen and the database's driver among the installed packages.
const bundle = join(root, 'packages/contracts/dist/coverage.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['packages/server/src/main/coverage.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
  external: ['@photostructure/sqlite', 'pg', 'pg-native', 'cpu-features', '*.node'],
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __folder = import.meta.dirname;" },
  define: { __dirname: '__folder' },
});
rmSync(pages, { recursive: true, force: true });
mkdirSync(pages, { recursive: true });
try {
  const { coverage } = await import(pathToFileURL(bundle).href);
  const services = await coverage();
  for (const service of services) writeFileSync(join(pages, `${service.service}.md`), page(service));
  writeFileSync(join(pages, 'README.md'), overview(services));
  console.log(overview(services));
} finally {
  rmSync(bundle, { force: true });
}

function page({ serviceId, apiVersion, implemented, notYet }) {
  return `# ${serviceId}\n\nAPI version ${apiVersion}: ${share({ implemented, notYet })} operations are answered.\n\n## Answered\n\n${list(implemented)}\n## Not yet\n\nThese are refused with the error \`NotImplemented\`, which names the operation.\n\n${list(notYet)}`;
}

function overview(services) {
  const rows = services.map((service) => `| [${service.serviceId}](${service.service}.md) | ${share(service)} |\n`);
  return `# Operations that Slipway answers\n\n| service | operations |\n|---|---|\n${rows.join('')}`;
}

function share({ implemented, notYet }) {
  return `${implemented.length} of ${implemented.length + notYet.length}`;
}

function list(names) {
  return names.length === 0 ? 'None.\n' : names.map((name) => `- ${name}\n`).join('');
}
