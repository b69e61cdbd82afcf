import { looseReference } from './loose.ts';
import { isObjectId, isReferenceName } from './names.ts';
import type { ObjectInfo, ObjectReaders } from './objects.ts';
import { parseCommit, parseTree } from './parse.ts';
import type { Commit, TreeEntry } from './parse.ts';
import { GitFailed, runGit } from './process.ts';
import { treeChanges } from './tree-changes.ts';
import type { TreeChange } from './tree-changes.ts';

export interface Branch {
  /** Without `refs/heads/`. */
  readonly name: string;
  readonly commit: string;
}

/** Reading one repository. Nothing here changes it; what is not there is `undefined`. */
export interface RepositoryReader {
  /** What a full reference name points at, peeled of nothing: a tag may be a tag object. */
  reference(ref: string): Promise<string | undefined>;
  /** The commit behind a commit id, a tag object's id, or a full reference name. */
  commitId(name: string): Promise<string | undefined>;
  commit(id: string): Promise<Commit | undefined>;
  /** Every reference below `prefix` (`refs/tags/`), by full name. */
  references(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** Sorted by name, bytewise. */
  branches(): Promise<readonly Branch[]>;
  tree(id: string): Promise<readonly TreeEntry[] | undefined>;
  /** The entry at `parts` below a tree; the tree itself, for no parts. */
  entry(tree: string, parts: readonly string[]): Promise<TreeEntry | undefined>;
  info(id: string): Promise<ObjectInfo | undefined>;
  /** In memory: ask `info` for its size first. */
  blob(id: string): Promise<Buffer | undefined>;
  /** Commit ids from `commit` backwards, the newest first. */
  log(commit: string, most: number): Promise<readonly string[]>;
  /** The commits that changed a file, the newest first, each with the nearest earlier ones that did. */
  fileHistory(commit: string, path: string, most: number): Promise<readonly { readonly commit: string; readonly parents: readonly string[] }[]>;
  /** Whether `descendant` contains `ancestor`; a commit contains itself. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** The best common ancestor of two commits; undefined when they have none. Of several equally good ones, git's first. */
  mergeBase(one: string, other: string): Promise<string | undefined>;
  /** The first commit between the two that has `merged` as a parent beyond its first: the one that merged it into `into`. */
  mergeOf(merged: string, into: string): Promise<string | undefined>;
  /** How many commits each of two commits has that the other has not. */
  divergence(one: string, other: string): Promise<{ readonly one: number; readonly other: number }>;
  /** The files that differ between two trees (none: the empty one), in the bytewise order of their paths, behind `from`. */
  changes(before: string | undefined, after: string | undefined, from?: string): AsyncGenerator<TreeChange, void>;
}

/** A chain of tag objects longer than this was made to be one. */
const MOST_TAGS_DEEP = 16;

/** Folders' entries for as long as their bytes are held: large folders take longer to parse than to read. */
const parsed = new WeakMap<Buffer, readonly TreeEntry[]>();

function entriesOf(bytes: Buffer): readonly TreeEntry[] {
  const entries = parsed.get(bytes) ?? parseTree(bytes);
  parsed.set(bytes, entries);
  return entries;
}

export function repositoryReader(path: () => Promise<string>, objects: ObjectReaders): RepositoryReader {
  const named = async (name: string): Promise<ObjectInfo | undefined> => {
    if (isObjectId(name)) return objects.info(await path(), name);
    const folder = await path();
    const id = looseReference(folder, name);
    if (id === undefined && !isReferenceName(name)) return undefined;
    return objects.info(folder, id ?? name);
  };

  const contents = async (id: string, type: ObjectInfo['type']): Promise<Buffer | undefined> => {
    if (!isObjectId(id)) return undefined;
    const object = await objects.contents(await path(), id);
    return object?.type === type ? object.contents : undefined;
  };

  const reader: RepositoryReader = {
    reference: async (ref) => looseReference(await path(), ref) ?? (await named(ref))?.id,

    async commitId(name) {
      let object = await named(name);
      for (let depth = 0; object?.type === 'tag' && depth < MOST_TAGS_DEEP; depth += 1) {
        const tag = await contents(object.id, 'tag');
        const target = /^object ([0-9a-f]{40})\n/.exec(tag?.toString('latin1', 0, 48) ?? '')?.[1];
        object = target === undefined ? undefined : await named(target);
      }
      return object?.type === 'commit' ? object.id : undefined;
    },

    async commit(id) {
      const bytes = await contents(id, 'commit');
      return bytes && parseCommit(id, bytes);
    },

    async branches() {
      const output = await runGit(['for-each-ref', '--format=%(objectname) %(refname)', '--', 'refs/heads/'], { repository: await path() });
      return output.toString('utf8').split('\n').filter(Boolean)
        .map((line) => ({ commit: line.slice(0, 40), name: line.slice(41 + 'refs/heads/'.length) }));
    },

    async tree(id) {
      const bytes = await contents(id, 'tree');
      return bytes && entriesOf(bytes);
    },

    async entry(tree, parts) {
      let found: TreeEntry = { name: '', mode: '40000', id: tree };
      for (const part of parts) {
        if (found.mode !== '40000') return undefined;
        const next = (await reader.tree(found.id))?.find(({ name }) => name === part);
        if (!next) return undefined;
        found = next;
      }
      return found;
    },

    info: async (id) => (isObjectId(id) ? named(id) : undefined),
    blob: (id) => contents(id, 'blob'),

    async log(commit, most) {
      if (!isObjectId(commit)) return [];
      const output = await runGit(['rev-list', `--max-count=${most}`, commit, '--'], { repository: await path() });
      return output.toString('latin1').split('\n').filter(Boolean);
    },

    async fileHistory(commit, file, most) {
      if (!isObjectId(commit)) return [];
      const output = await runGit(['rev-list', `--max-count=${most}`, '--parents', '--date-order', commit, '--', file], { repository: await path(), env: { GIT_LITERAL_PATHSPECS: '1' } });
      return output.toString('latin1').split('\n').filter(Boolean).map((line) => {
        const [id = '', ...parents] = line.split(' ');
        return { commit: id, parents };
      });
    },

    async references(prefix) {
      const output = await runGit(['for-each-ref', '--format=%(objectname) %(refname)', '--', prefix], { repository: await path() });
      return new Map(output.toString('utf8').split('\n').filter(Boolean).map((line) => [line.slice(41), line.slice(0, 40)]));
    },

    async isAncestor(ancestor, descendant) {
      if (!isObjectId(ancestor) || !isObjectId(descendant)) return false;
      try {
        await runGit(['merge-base', '--is-ancestor', ancestor, descendant], { repository: await path() });
        return true;
      } catch (error) {
        if (error instanceof GitFailed && error.exitCode === 1) return false;
        throw error;
      }
    },

    async mergeBase(one, other) {
      if (!isObjectId(one) || !isObjectId(other)) return undefined;
      try {
        const output = await runGit(['merge-base', one, other], { repository: await path() });
        return output.toString('latin1').trim();
      } catch (error) {
        if (error instanceof GitFailed && error.exitCode === 1) return undefined;
        throw error;
      }
    },

    async mergeOf(merged, into) {
      if (!isObjectId(merged) || !isObjectId(into)) throw new Error('not a commit id');
      const output = await runGit(['rev-list', '--merges', '--parents', '--ancestry-path', '--reverse', `${merged}..${into}`, '--'], { repository: await path() });
      return output.toString('latin1').split('\n').map((line) => line.split(' ')).find(([, , ...others]) => others.includes(merged))?.[0];
    },

    async divergence(one, other) {
      if (!isObjectId(one) || !isObjectId(other)) throw new Error('not a commit id');
      const output = await runGit(['rev-list', '--count', '--left-right', `${one}...${other}`, '--'], { repository: await path() });
      const [left, right] = output.toString('latin1').trim().split('\t').map(Number);
      return { one: left ?? 0, other: right ?? 0 };
    },

    changes: (before, after, from) => treeChanges(reader, before, after, from),
  };
  return reader;
}
