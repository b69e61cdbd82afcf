import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uuid } from '../../../kernel/ids.ts';

/** Names the folder in which a server's builds lie: where several servers share a database, a build goes on only where it lies. */
export function nodeOf(buildsFolder: string): string {
  const file = join(buildsFolder, '.node');
  mkdirSync(buildsFolder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, uuid(), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFileSync(file, 'utf8');
}
