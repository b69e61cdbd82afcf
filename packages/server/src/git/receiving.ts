import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

/** CodeCommit's largest file: 2 GB. Git allocates no more for one object, whatever size a pack claims for it. */
export const LARGEST_OBJECT = String(2 * 1_024 ** 3 + 4_096);

/**
 * What is checked of every object that is pushed. Faults that old tools left in honest histories pass with a warning;
 * those that would let a checkout write outside its folder or into `.git`, and objects that git cannot read, do not.
 */
const TOLERATED = [
  'zeroPaddedFilemode', 'badFilemode', 'missingNameBeforeEmail', 'missingSpaceBeforeEmail', 'missingSpaceBeforeDate', 'missingEmail', 'badEmail', 'badDate',
  'badTimezone', 'zeroPaddedDate', 'multipleAuthors', 'missingTaggerEntry', 'badTagName', 'nulInCommit', 'gitmodulesParse',
];

const checks = (verb: 'receive' | 'fetch'): readonly (readonly [string, string])[] =>
  [[`${verb}.fsckObjects`, 'true'], ...TOLERATED.map((fault) => [`${verb}.fsck.${fault}`, 'warn'] as const)];

const CHECKS = checks('receive');
/** The same for what we fetch ourselves. */
export const FETCH_CHECKS = checks('fetch');

/**
 * Files over 2 GB, which git takes in a stream: those of a push are looked through when it is large enough to hold one,
 * which is about two megabytes at the best that its compression can do.
 */
const PRE_RECEIVE = `#!/bin/sh
[ -n "$(find "$GIT_OBJECT_DIRECTORY" -type f -size +1990k | head -n 1)" ] || exit 0
unset GIT_ALTERNATE_OBJECT_DIRECTORIES
large=$(git cat-file --batch-all-objects --unordered --batch-check='%(objectsize) %(objectname)' | awk '$1 > 2147483648 { print $2; exit }')
[ -z "$large" ] && exit 0
echo "A file may have at most 2 GB: $large" >&2
exit 1
`;

const ready = new Map<string, Promise<string>>();

/** The configuration of a process that receives a push into the repository at `path`. */
export async function receiving(path: string): Promise<readonly (readonly [string, string])[]> {
  const folder = dirname(path);
  let hooks = ready.get(folder);
  if (!hooks) {
    hooks = makeHooks(join(folder, 'hooks'));
    ready.set(folder, hooks);
    hooks.catch(() => ready.delete(folder));
  }
  return [...CHECKS, ['core.hooksPath', await hooks]];
}

async function makeHooks(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'pre-receive');
  if (await readFile(file, 'utf8').catch(() => '') === PRE_RECEIVE) return folder;
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, PRE_RECEIVE);
  await chmod(aside, 0o700);
  await rename(aside, file);
  return folder;
}
