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

/** CodeCommit's limits: a file of 2 GB, and 20 MB of what a commit says of itself. bytes */
const LARGEST_FILE = 2 * 1_024 ** 3;
const LARGEST_COMMIT = 20 * 1_024 ** 2;
/** The best that git's compression can do. */
const COMPRESSION = 1_030;

/** Git takes large files in a stream and looks at no size: a push is looked through when something in it is large enough to hold too much. */
const preReceive = (largestFile: number): string => `#!/bin/sh
[ -n "$(find "$GIT_OBJECT_DIRECTORY" -type f -size +${Math.floor(Math.min(largestFile, LARGEST_COMMIT) / COMPRESSION)}c | head -n 1)" ] || exit 0
unset GIT_ALTERNATE_OBJECT_DIRECTORIES
refusal=$(git cat-file --batch-all-objects --unordered --batch-check='%(objectsize) %(objecttype) %(objectname)' | awk '
  $2 == "blob" && $1 > ${largestFile} { print "A file may have at most ${largestFile === LARGEST_FILE ? '2 GB' : `${largestFile} bytes`}: " $3; exit }
  $2 == "commit" && $1 > ${LARGEST_COMMIT} { print "The metadata of a commit, its message included, may have at most 20 MB: " $3; exit }')
[ -z "$refusal" ] && exit 0
echo "$refusal" >&2
exit 1
`;

const ready = new Map<string, Promise<string>>();

/** The configuration of a process that receives a push into the repository at `path`. */
export async function receiving(path: string, largestFile = LARGEST_FILE): Promise<readonly (readonly [string, string])[]> {
  const folder = dirname(path);
  let hooks = ready.get(folder);
  if (!hooks) {
    hooks = makeHooks(join(folder, 'hooks'), preReceive(largestFile));
    ready.set(folder, hooks);
    hooks.catch(() => ready.delete(folder));
  }
  return [...CHECKS, ['core.hooksPath', await hooks]];
}

async function makeHooks(folder: string, script: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'pre-receive');
  if (await readFile(file, 'utf8').catch(() => '') === script) return folder;
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, script);
  await chmod(aside, 0o700);
  await rename(aside, file);
  return folder;
}
