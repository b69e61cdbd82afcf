import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { formatSignature, MODES } from './parse.ts';
import type { Signature, TreeEntry } from './parse.ts';
import { GitFailed, runGit } from './process.ts';
import type { RepositoryReader } from './read.ts';

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** What stands at a path after an edit; `undefined` takes it away, with folders that become empty. */
export type TreeEdits = ReadonlyMap<string, { readonly mode: string; readonly id: string } | undefined>;

/**
 * New objects, thought out in memory and written by one git process. Life: any number of objects, then `save`; nothing
 * is on disk before. Nothing refers to them until a reference is moved, so a crash leaves at most garbage.
 */
export interface Draft {
  blob(contents: Uint8Array): string;
  /** The tree that equals `tree` (none: the empty one) but for the edits. Paths are slash-separated and checked by the caller. */
  tree(tree: string | undefined, edits: TreeEdits): Promise<string>;
  commit(commit: NewCommit): string;
  /** Trees of the repository and of the draft. */
  readonly read: Pick<RepositoryReader, 'tree'>;
  /** Throws `ObjectsRefused`. */
  save(): Promise<void>;
}

/** Git's check found something in the draft that a checkout could be harmed by. */
export class ObjectsRefused extends Error {
  override readonly name = 'ObjectsRefused';
}

type ObjectType = 'commit' | 'tree' | 'blob';

/** A few objects become loose files, as those of a small push do; more stay one pack: one file to write and sync. */
const MOST_LOOSE = 20;

export function createDraft(path: () => Promise<string>, read: RepositoryReader): Draft {
  const objects = new Map<string, { type: ObjectType; contents: Uint8Array }>();
  const drafted = new Map<string, readonly TreeEntry[]>();

  const add = (type: ObjectType, contents: Uint8Array): string => {
    const id = createHash('sha1').update(`${type} ${contents.length}\0`).update(contents).digest('hex');
    objects.set(id, { type, contents });
    return id;
  };

  const entriesOf = async (id: string): Promise<readonly TreeEntry[]> => drafted.get(id) ?? await read.tree(id) ?? [];

  async function edited(tree: string | undefined, { below }: EditNode): Promise<readonly TreeEntry[]> {
    const before = tree === undefined ? [] : await entriesOf(tree);
    const changed = new Map<string, TreeEntry | undefined>();
    for (const [name, node] of below) {
      const there = before.find((entry) => entry.bytes === undefined && entry.name === name);
      if (node.set) {
        changed.set(name, { name, ...node.set });
        continue;
      }
      if (node.below.size === 0) {
        changed.set(name, undefined);
        continue;
      }
      const folder = !node.removed && there?.mode === MODES.folder ? there.id : undefined;
      const inside = await edited(folder, node);
      // What stands at the name stays where the edits below it come to nothing.
      if (inside.length > 0) changed.set(name, { name, mode: MODES.folder, id: keep(inside) });
      else if (node.removed || there?.mode === MODES.folder) changed.set(name, undefined);
    }
    const kept = before.filter((entry) => entry.bytes !== undefined || !changed.has(entry.name));
    return [...kept, ...[...changed.values()].filter((entry) => entry !== undefined)];
  }

  const keep = (entries: readonly TreeEntry[]): string => {
    const sorted = sortedEntries(entries);
    const id = add('tree', formatTree(sorted));
    drafted.set(id, sorted);
    return id;
  };

  return {
    blob: (contents) => add('blob', contents),
    tree: async (tree, edits) => keep(await edited(tree, editTree(edits))),
    commit({ tree, parents, author, committer, message }) {
      const headers = [
        `tree ${tree}`,
        ...parents.map((parent) => `parent ${parent}`),
        `author ${formatSignature(author)}`,
        `committer ${formatSignature(committer)}`,
      ];
      return add('commit', Buffer.from(`${headers.join('\n')}\n\n${message.endsWith('\n') ? message : `${message}\n`}`));
    },
    read: { tree: async (id) => drafted.get(id) ?? await read.tree(id) },
    async save() {
      if (objects.size === 0) return;
      const pack = packOf([...objects.values()]);
      // Strict, as for pushes: no name and no .gitmodules that would make a client's checkout do harm.
      const verb = objects.size > MOST_LOOSE ? ['index-pack', '--stdin', '--strict'] : ['unpack-objects', '-q', '--strict'];
      try {
        await runGit(verb, { repository: await path(), input: pack });
      } catch (error) {
        throw error instanceof GitFailed && /fsck error|error in object|^error: object/.test(error.detail) ? new ObjectsRefused('git does not accept the objects', { cause: error }) : error;
      }
      objects.clear();
    },
  };
}

interface EditNode {
  set?: { readonly mode: string; readonly id: string };
  removed?: boolean;
  readonly below: Map<string, EditNode>;
}

function editTree(edits: TreeEdits): EditNode {
  const root: EditNode = { below: new Map() };
  for (const [path, entry] of edits) {
    let node = root;
    for (const part of path.split('/')) {
      let next = node.below.get(part);
      if (!next) node.below.set(part, next = { below: new Map() });
      node = next;
    }
    if (entry) node.set = entry;
    else node.removed = true;
  }
  return root;
}

const nameBytes = ({ name, bytes, mode }: TreeEntry): Buffer => Buffer.concat([bytes ?? Buffer.from(name), ...mode === MODES.folder ? [Buffer.from('/')] : []]);

/** Git's order: bytewise, a folder as if its name ended with a slash. */
function sortedEntries(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  return entries.map((entry) => ({ entry, key: nameBytes(entry) })).toSorted((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry);
}

const NUL = Buffer.from([0]);

function formatTree(entries: readonly TreeEntry[]): Buffer {
  return Buffer.concat(entries.flatMap(({ mode, name, bytes, id }) => [Buffer.from(`${mode} `), bytes ?? Buffer.from(name), NUL, Buffer.from(id, 'hex')]));
}

const PACK_TYPES: Record<ObjectType, number> = { commit: 1, tree: 2, blob: 3 };

/** The pack format's version 2, without deltas. */
function packOf(objects: readonly { type: ObjectType; contents: Uint8Array }[]): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  const body = Buffer.concat([header, ...objects.flatMap(({ type, contents }) => [packedSize(PACK_TYPES[type], contents.length), deflateSync(contents, { level: 1 })])]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** Type and size: four bits of the size beside the type, then seven a byte. */
function packedSize(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(rest & 127);
  }
  return Buffer.from(bytes);
}
