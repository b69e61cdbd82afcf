import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { formatSignature, MODES } from './parse.ts';
import type { Signature, TreeEntry } from './parse.ts';
import { finished, ignoreClosedInput, runGit, spawnGit } from './process.ts';
import type { RepositoryReader } from './read.ts';

/** Adding objects. Nothing refers to them until a reference is moved, so a crash leaves at most garbage. */
export interface RepositoryWriter {
  blob(contents: Uint8Array): Promise<string>;
  /** The tree that equals `tree` (none: the empty one) but for the entry at `parts`, which becomes `entry`. */
  treeWith(tree: string | undefined, parts: readonly string[], entry: { mode: string; id: string }): Promise<string>;
  commit(commit: NewCommit): Promise<string>;
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

export function repositoryWriter(path: () => Promise<string>, read: RepositoryReader): RepositoryWriter {
  const hash = async (type: string, contents: Uint8Array | string): Promise<string> =>
    (await runGit(['hash-object', '-t', type, '-w', '--stdin'], { repository: await path(), input: contents })).toString('latin1').trim();

  return {
    blob: (contents) => hash('blob', contents),

    async treeWith(tree, parts, entry) {
      const levels: { entries: readonly TreeEntry[]; name: string }[] = [];
      let below = tree;
      for (const name of parts) {
        const entries: readonly TreeEntry[] = below === undefined ? [] : await read.tree(below) ?? [];
        levels.push({ entries, name });
        const next = entries.find((one) => one.name === name);
        below = next?.mode === MODES.folder ? next.id : undefined;
      }
      const trees = treeMaker(await path());
      let made: { mode: string; id: string } = entry;
      for (const { entries, name } of levels.toReversed()) {
        made = { mode: MODES.folder, id: await trees.make([...entries.filter((one) => one.bytes !== undefined || one.name !== name), { name, ...made }]) };
      }
      await trees.end();
      return made.id;
    },

    commit({ tree, parents, author, committer, message }) {
      const headers = [
        `tree ${tree}`,
        ...parents.map((parent) => `parent ${parent}`),
        `author ${formatSignature(author)}`,
        `committer ${formatSignature(committer)}`,
      ];
      return hash('commit', `${headers.join('\n')}\n\n${message.endsWith('\n') ? message : `${message}\n`}`);
    },
  };
}

/** One `mktree --batch` process for all the levels of an edit: it answers each tree before it reads the next. */
function treeMaker(repository: string) {
  const child: ChildProcessWithoutNullStreams = spawnGit(['mktree', '-z', '--batch'], { repository });
  const ended = finished(child, 'mktree');
  // It may end while an answer is awaited, which fails then; until then its end must not count as unhandled.
  ended.catch(() => undefined);
  child.stdin.on('error', ignoreClosedInput);
  const lines = linesOf(child);
  return {
    async make(entries: readonly TreeEntry[]): Promise<string> {
      const listing = entries.flatMap(({ mode, id, name, bytes }) => [Buffer.from(`${mode.padStart(6, '0')} ${typeOf(mode)} ${id}\t`), bytes ?? Buffer.from(name), NUL]);
      child.stdin.write(Buffer.concat([...listing, NUL]));
      const line = await lines.next();
      if (line.done) {
        await ended;
        throw new Error('git mktree ended before it answered');
      }
      return line.value;
    },
    async end(): Promise<void> {
      child.stdin.end();
      await ended;
    },
  };
}

const NUL = Buffer.from([0]);

const typeOf = (mode: string): string => (mode === MODES.folder ? 'tree' : mode === MODES.submodule ? 'commit' : 'blob');

async function* linesOf(child: ChildProcessWithoutNullStreams): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  return undefined;
}
