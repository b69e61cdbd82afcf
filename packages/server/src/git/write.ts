import { createDraft } from './draft.ts';
import type { Draft, NewCommit } from './draft.ts';
import type { RepositoryReader } from './read.ts';

/** Adding objects. Nothing refers to them until a reference is moved, so a crash leaves at most garbage. */
export interface RepositoryWriter {
  /** Several objects, written together. */
  draft(): Draft;
  blob(contents: Uint8Array): Promise<string>;
  /** The tree that equals `tree` (none: the empty one) but for the entry at `parts`, which becomes `entry`. */
  treeWith(tree: string | undefined, parts: readonly string[], entry: { mode: string; id: string }): Promise<string>;
  commit(commit: NewCommit): Promise<string>;
}

export function repositoryWriter(path: () => Promise<string>, read: RepositoryReader): RepositoryWriter {
  const draft = (): Draft => createDraft(path, read);

  async function saved(make: (draft: Draft) => string | Promise<string>): Promise<string> {
    const objects = draft();
    const id = await make(objects);
    await objects.save();
    return id;
  }

  return {
    draft,
    blob: (contents) => saved((objects) => objects.blob(contents)),
    treeWith: (tree, parts, entry) => saved((objects) => objects.tree(tree, new Map([[parts.join('/'), entry]]))),
    commit: (commit) => saved((objects) => objects.commit(commit)),
  };
}
