import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Files below `folder` (relative to `root`) whose relative path matches `pattern`. */
export function globSync(root, folder, pattern) {
  const found = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== '.git') found.push(...globSync(root, path, pattern));
    } else if (pattern.test(path)) found.push(path);
  }
  return found;
}
