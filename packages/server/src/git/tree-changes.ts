import { MODES } from './parse.ts';
import type { TreeEntry } from './parse.ts';

/** Reads a folder of git's by its id; undefined when there is none. */
interface TreeReader {
  tree(id: string): Promise<readonly TreeEntry[] | undefined>;
}

export interface FileAt {
  readonly mode: string;
  readonly id: string;
}

/** A path whose file, symbolic link or submodule differs between two trees; at least one side is there. */
export interface TreeChange {
  readonly path: string;
  readonly before?: FileAt;
  readonly after?: FileAt;
}

/**
 * What differs between two trees (none: the empty one), in the bytewise order of paths, behind the path `from`.
 * Folders that are the same on both sides or end before `from` are not read, so a page costs what it shows.
 */
export async function* treeChanges(read: TreeReader, before: string | undefined, after: string | undefined, from?: string): AsyncGenerator<TreeChange, void> {
  yield* within(read, before, after, '', from === undefined ? undefined : Buffer.from(from));
}

async function* within(read: TreeReader, before: string | undefined, after: string | undefined, prefix: string, from: Buffer | undefined): AsyncGenerator<TreeChange, void> {
  const [left, right] = await Promise.all([before, after].map(async (id) => (id === undefined ? [] : await read.tree(id) ?? [])));
  for (const [old, next] of pairs(left!, right!)) {
    if (old && next && old.id === next.id && old.mode === next.mode) continue;
    const entry = (old ?? next)!;
    const path = prefix + entry.name;
    if (entry.mode === MODES.folder) {
      if (from && endsBefore(`${path}/`, from)) continue;
      yield* within(read, old?.id, next?.id, `${path}/`, from);
    } else if (!from || Buffer.compare(Buffer.from(path), from) > 0) {
      yield { path, ...old ? { before: at(old) } : {}, ...next ? { after: at(next) } : {} };
    }
  }
}

const at = ({ mode, id }: TreeEntry): FileAt => ({ mode, id });

/** Whether all paths that start with `folder` sort before `from`. */
function endsBefore(folder: string, from: Buffer): boolean {
  const start = Buffer.from(folder);
  return Buffer.compare(start, from.subarray(0, start.length)) < 0;
}

/** Both sides' entries in one order; a file and a folder of one name are two entries. */
function* pairs(left: readonly TreeEntry[], right: readonly TreeEntry[]): Generator<[TreeEntry | undefined, TreeEntry | undefined]> {
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const [one, other] = [left[l], right[r]];
    const order = !one ? 1 : !other ? -1 : one.name === other.name && isFolder(one) === isFolder(other) ? 0 : Buffer.compare(sortKey(one), sortKey(other));
    if (order <= 0) l += 1;
    if (order >= 0) r += 1;
    yield [order <= 0 ? one : undefined, order >= 0 ? other : undefined];
  }
}

const isFolder = ({ mode }: TreeEntry): boolean => mode === MODES.folder;

const sortKey = (entry: TreeEntry): Buffer => {
  const name = entry.bytes ?? Buffer.from(entry.name);
  return isFolder(entry) ? Buffer.concat([name, Buffer.from('/')]) : name;
};
