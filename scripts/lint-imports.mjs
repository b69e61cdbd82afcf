// Keeps the rooms' walls: which folder may import which. Tests may import anything.
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { globSync } from './glob.mjs';

const root = resolve(import.meta.dirname, '..');

/** Folder (longest match wins) → what it may import beside itself, npm packages and node: modules. */
const allowed = {
  'packages/addresses': [],
  'packages/sigv4': [],
  'packages/contracts': [],
  'packages/agent': ['@slipway/sigv4'],
  'packages/hosts': [],
  'packages/builder': ['@slipway/addresses', '@slipway/sigv4'],
  'packages/slipway': ['@slipway/server', '@slipway/hosts', '@slipway/builder', '@slipway/sigv4'],
  'packages/testkit': ['@slipway/server', '@slipway/contracts', '@slipway/sigv4', '@slipway/builder', '@slipway/hosts'],
  'packages/server/src/kernel': ['@slipway/contracts'],
  'packages/server/src/wire': ['kernel', '@slipway/contracts', '@slipway/sigv4'],
  'packages/server/src/engine': ['kernel'],
  'packages/server/src/blobs': ['kernel', 'engine'],
  'packages/server/src/logs': ['kernel', 'engine'],
  'packages/server/src/metrics': ['kernel', 'engine'],
  'packages/server/src/git': ['kernel', 'engine'],
  'packages/server/src/outbound': ['kernel', '@slipway/addresses'],
  'packages/server/src/patterns': [],
  'packages/server/src/edge': ['kernel', 'wire', '@slipway/contracts'],
  'packages/server/src/services/*': ['kernel', 'engine', 'git', 'blobs', 'logs', 'metrics', 'outbound', 'patterns', '@slipway/contracts', '@slipway/builder', '@slipway/sigv4'],
  'packages/server/src/main': ['*'],
  'packages/server/src': ['main'],
};

const isTest = (file) => /\.test\.ts$|\/test\//.test(file);
const importPattern = /(?:^|\n)\s*(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;

/** The room a file stands in: the longest matching key, `*` standing for one folder. */
function roomOf(file) {
  const rooms = Object.keys(allowed).filter((room) => matchRoom(room, file) !== undefined);
  rooms.sort((a, b) => b.split('/').length - a.split('/').length);
  return rooms[0] && { rule: rooms[0], folder: matchRoom(rooms[0], file) };
}

function matchRoom(room, file) {
  const wanted = room.split('/');
  const have = file.split('/');
  return wanted.every((part, i) => part === '*' || part === have[i]) && have.length > wanted.length ? have.slice(0, wanted.length).join('/') : undefined;
}

const faults = [];
for (const file of globSync(root, 'packages', /^(?!.*\/(gen|dist|node_modules)\/).*\/src\/.*\.ts$/)) {
  if (isTest(file)) continue;
  const room = roomOf(file);
  if (!room) {
    faults.push(`${file}: stands in no room that scripts/lint-imports.mjs knows`);
    continue;
  }
  const may = allowed[room.rule];
  if (may.includes('*')) continue;
  for (const match of readFileSync(resolve(root, file), 'utf8').matchAll(importPattern)) {
    const specifier = match[1] ?? match[2] ?? match[3];
    if (specifier.startsWith('@slipway/')) {
      const name = specifier.split('/').slice(0, 2).join('/');
      if (!may.includes(name) && !file.startsWith(`packages/${name.slice('@slipway/'.length)}/`)) faults.push(`${file}: may not import ${specifier}`);
      continue;
    }
    if (!specifier.startsWith('.')) continue;
    const target = relative(root, resolve(root, dirname(file), specifier));
    if (target.startsWith(`${room.folder}/`)) continue;
    const targetRoom = target.match(/^packages\/server\/src\/([^/]+)\//)?.[1];
    if (!targetRoom || !may.includes(targetRoom)) faults.push(`${file}: may not import ${target}`);
  }
}

if (faults.length > 0) {
  console.error(faults.join('\n'));
  console.error(`${faults.length} imports cross a wall; the allowed directions are in scripts/lint-imports.mjs`);
  process.exit(1);
}
