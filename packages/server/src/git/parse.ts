import { isUtf8 } from 'node:buffer';
/** Who wrote or committed, as the commit records it. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ms UTC, whole seconds */
  readonly time: number;
  /** `+0200` */
  readonly zone: string;
}

export interface Commit {
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  /** As written, with its last newline. */
  readonly message: string;
}

export interface TreeEntry {
  readonly name: string;
  /** `100644` file, `100755` executable, `120000` symbolic link, `40000` folder, `160000` submodule */
  readonly mode: string;
  readonly id: string;
  /** The name as it is stored, where that is not UTF-8: writing `name` back would rename the file. */
  readonly bytes?: Buffer;
}

export const MODES = { file: '100644', executable: '100755', link: '120000', folder: '40000', submodule: '160000' } as const;

export function parseCommit(id: string, contents: Buffer): Commit {
  const text = contents.toString('utf8');
  const end = text.indexOf('\n\n');
  const headers = (end < 0 ? text : text.slice(0, end)).split('\n');
  const all = (key: string): string[] => headers.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
  return {
    id,
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    author: parseSignature(all('author')[0] ?? ''),
    committer: parseSignature(all('committer')[0] ?? ''),
    message: end < 0 ? '' : text.slice(end + 2),
  };
}

/** `Jane Doe <jane@example.com> 1700000000 +0100`; old tools left malformed ones, which give what can be read. */
function parseSignature(text: string): Signature {
  const match = /^(.*?) ?<([^>]*)>(?: (\d+) ([+-]\d{4}))?/.exec(text);
  return { name: match?.[1] ?? '', email: match?.[2] ?? '', time: Number(match?.[3] ?? 0) * 1_000, zone: match?.[4] ?? '+0000' };
}

export function formatSignature({ name, email, time, zone }: Signature): string {
  return `${plain(name)} <${plain(email)}> ${Math.floor(time / 1_000)} ${zone}`;
}

/** What git itself drops from names, because it would end them: angle brackets and line breaks. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[<>\u0000-\u001f]/g, '').trim();
}

export function parseTree(contents: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < contents.length;) {
    const space = contents.indexOf(32, at);
    const nul = contents.indexOf(0, space);
    if (space < 0 || nul < 0) throw new Error('a tree object is cut short');
    const bytes = contents.subarray(space + 1, nul);
    entries.push({
      mode: contents.toString('latin1', at, space),
      name: bytes.toString('utf8'),
      id: contents.toString('hex', nul + 1, nul + 21),
      ...isUtf8(bytes) ? {} : { bytes },
    });
    at = nul + 21;
  }
  return entries;
}
