import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObjectId } from './names.ts';
import { GitFailed, finished, ignoreClosedInput, runGit, spawnGit } from './process.ts';

/** One of the versions that stand against each other at a path. */
export interface MergeStage {
  readonly path: string;
  /** 1: the merge base's, 2: ours, 3: theirs */
  readonly stage: 1 | 2 | 3;
  readonly mode: string;
  readonly id: string;
}

export interface TreeMerge {
  /** Holds conflict markers where the merge is not clean; a file in the way of a folder stands there as `<name>~<commit>`. */
  readonly tree: string;
  readonly clean: boolean;
  readonly stages: readonly MergeStage[];
}

/** Lines of the first text, counted from 0, that other lines of the second stand for. Ends are exclusive. */
export interface LineChange {
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/** Merging in one repository, with everything that git writes for it kept in one place. */
export interface MergeBench {
  /** What `git merge` makes of it: renames followed, several merge bases merged first. */
  merge(ours: string, theirs: string): Promise<TreeMerge>;
  /** Bytes per object that is there. */
  sizes(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  blobs(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /** Between two blobs, by the algorithm that merges use. */
  lineChanges(before: string, after: string, options?: { ignoreWhitespace?: boolean }): Promise<readonly LineChange[]>;
}

/** The objects that a merge makes are kept: what it answers can be committed. */
export const mergeBench = (repository: string): MergeBench => bench(repository, {});

/** Everything that git writes during `work` is gone afterwards: for asking what a merge would be. */
export async function scratchBench<T>(repository: string, work: (bench: MergeBench) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-merge-'));
  try {
    return await work(bench(repository, {
      GIT_OBJECT_DIRECTORY: folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${join(repository, 'objects').replaceAll(/["\\]/g, '\\$&')}"`,
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function bench(repository: string, env: Readonly<Record<string, string>>): MergeBench {
  const options = { repository, env };
  return {
    async merge(ours, theirs) {
      if (!isObjectId(ours) || !isObjectId(theirs)) throw new Error('not a commit id');
      const child = spawnGit(['merge-tree', '--write-tree', '-z', '--no-messages', ours, theirs], options);
      const output: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
      child.stdin.on('error', ignoreClosedInput);
      child.stdin.end();
      const clean = await finished(child, 'merge-tree').then(() => true, (error: unknown) => {
        if (error instanceof GitFailed && error.exitCode === 1) return false;
        throw error;
      });
      return parseMerge(Buffer.concat(output), clean);
    },

    async sizes(ids) {
      const wanted = [...new Set(ids)];
      if (wanted.length === 0) return new Map();
      const output = await runGit(['cat-file', '--batch-check=%(objectname) %(objectsize)'], { ...options, input: `${wanted.join('\n')}\n` });
      const lines = output.toString('latin1').split('\n').map((line) => /^([0-9a-f]{40}) (\d+)$/.exec(line)).filter((match) => match !== null);
      return new Map(lines.map((match) => [match[1]!, Number(match[2])]));
    },

    async blobs(ids) {
      const wanted = [...new Set(ids)];
      if (wanted.length === 0) return new Map();
      const output = await runGit(['cat-file', '--batch'], { ...options, input: `${wanted.join('\n')}\n` });
      const found = new Map<string, Buffer>();
      for (let at = 0; at < output.length;) {
        const end = output.indexOf(10, at);
        const header = /^([0-9a-f]{40}) blob (\d+)$/.exec(output.toString('latin1', at, end));
        at = end + 1;
        if (!header) continue;
        found.set(header[1]!, output.subarray(at, at + Number(header[2])));
        at += Number(header[2]) + 1;
      }
      return found;
    },

    async lineChanges(before, after, { ignoreWhitespace = false } = {}) {
      if (!isObjectId(before) || !isObjectId(after)) throw new Error('not a blob id');
      const output = await runGit([
        'diff', '--no-color', '--no-ext-diff', '--no-textconv', '--text', '--unified=0', '--diff-algorithm=histogram', '--no-indent-heuristic', '--inter-hunk-context=0',
        ...ignoreWhitespace ? ['--ignore-all-space'] : [], before, after, '--',
      ], options);
      return parseHunkHeaders(output);
    },
  };
}

function parseMerge(output: Buffer, clean: boolean): TreeMerge {
  const [tree = '', ...records] = output.toString('utf8').split('\0');
  const stages = records.map((record) => /^(\d{6}) ([0-9a-f]{40}) ([123])\t([^]+)$/.exec(record)).filter((match) => match !== null)
    .map(([, mode, id, stage, path]) => ({ mode: mode!, id: id!, stage: Number(stage) as 1 | 2 | 3, path: path! }));
  if (!isObjectId(tree)) throw new Error('git merge-tree answered no tree');
  return { tree, clean, stages };
}

/** Only the lines that begin with `@@` are read: no line of the files does, for each has its sign in front. */
function parseHunkHeaders(output: Buffer): LineChange[] {
  return output.toString('latin1').split('\n').map((line) => /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line)).filter((match) => match !== null)
    .map((match) => ({ before: linesIn(match[1]!, match[2]), after: linesIn(match[3]!, match[4]) }));
}

function linesIn(start: string, count: string | undefined): [number, number] {
  const length = count === undefined ? 1 : Number(count);
  // Of no lines git names the line before them.
  const first = length === 0 ? Number(start) : Number(start) - 1;
  return [first, first + length];
}

/** Three versions of a text merged, with one side's lines where both changed the same. */
export async function mergeTexts({ base, ours, theirs, favour }: { base: Uint8Array; ours: Uint8Array; theirs: Uint8Array; favour: 'ours' | 'theirs' }): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-merge-'));
  try {
    await Promise.all([writeFile(join(folder, 'ours'), ours), writeFile(join(folder, 'base'), base), writeFile(join(folder, 'theirs'), theirs)]);
    return await runGit(['merge-file', '-p', '--quiet', `--${favour}`, 'ours', 'base', 'theirs'], { cwd: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
