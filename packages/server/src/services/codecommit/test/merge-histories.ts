/** Made-up histories of two branches that have come apart, the same for the same seed, for tests of merging. */

interface TreeFile {
  readonly mode: '100644' | '100755' | '120000' | '160000';
  /** Of a submodule, the commit's id. */
  readonly data: Buffer;
}

type Tree = Map<string, TreeFile>;

type Random = (below: number) => number;

/** Mulberry32: small, and the same everywhere. */
function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const NAMES = ['readme.md', 'src/main.ts', 'src/deep/er/util.ts', 'src/deep/other.ts', 'docs/größe.txt', 'docs/日本語/ファイル.txt', 'docs/a b.txt', 'lib/[x]*.c', 'lib/-dash', 'assets/logo.bin', 'bin/run', 'win/crlf.txt', 'win/mixed.txt', 'x', 'notes'];
const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota', 'kappa'];

/** What a side may do to a tree. */
const EDITS = {
  edit: change, editMore: change, rename: (tree: Tree, random: Random) => move(tree, random, false), renameWithEdit: (tree: Tree, random: Random) => move(tree, random, true),
  mode: chmod, binary: binaryEdit, crlf: lineEnds, remove, submodule, add: addFile, link, folderForFile, fileForFolder, moveFolder,
} as const;
type Edit = keyof typeof EDITS;

/** Pairs of what the source and the destination do, each of which every few histories surely have. */
const PAIRS: readonly (readonly [Edit, Edit])[] = [
  ['edit', 'edit'], ['rename', 'edit'], ['renameWithEdit', 'edit'], ['renameWithEdit', 'rename'], ['mode', 'edit'], ['mode', 'mode'], ['binary', 'binary'], ['crlf', 'edit'], ['remove', 'edit'],
  ['submodule', 'submodule'], ['submodule', 'edit'], ['add', 'add'], ['link', 'edit'], ['folderForFile', 'edit'], ['fileForFolder', 'edit'], ['moveFolder', 'add'], ['editMore', 'remove'], ['rename', 'rename'],
];

/** A stream for `git fast-import` that makes `refs/heads/h<n>/source` and `…/destination` for each history. */
export function histories(seed: number, count: number): Buffer {
  const out: Buffer[] = [];
  let mark = 0;
  const say = (text: string | Buffer): void => { out.push(Buffer.from(text as string), Buffer.from('\n')); };
  const commit = (ref: string, tree: Tree, parents: readonly number[]): number => {
    mark += 1;
    say(`commit ${ref}\nmark :${mark}\ncommitter Ada <ada@example.com> ${1_700_000_000 + mark} +0000\ndata 1\nm`);
    for (const [index, parent] of parents.entries()) say(`${index === 0 ? 'from' : 'merge'} :${parent}`);
    say('deleteall');
    for (const [path, { mode, data }] of tree) {
      if (mode === '160000') {
        say(`M ${mode} ${data.toString()} ${path}`);
        continue;
      }
      say(`M ${mode} inline ${path}\ndata ${data.length}`);
      say(data);
    }
    say('');
    return mark;
  };

  for (let index = 0; index < count; index += 1) {
    const random = seeded(seed * 1_000 + index);
    const [source, destination] = [`refs/heads/h${index}/source`, `refs/heads/h${index}/destination`];
    const base = baseTree(random);
    const root = commit(source, base, []);
    say(`reset ${destination}\nfrom :${root}\n`);
    const [first, second] = PAIRS[index % PAIRS.length]!;
    let theirs = edited(base, random, first);
    let ours = edited(base, random, second);
    let theirTip = commit(source, theirs, [root]);
    let ourTip = commit(destination, ours, [root]);
    if (index % 5 === 4) {
      // Criss-cross: each side has merged the other, in its own way.
      const [one, other] = [blended(theirs, ours, random), blended(ours, theirs, random)];
      [theirTip, ourTip] = [commit(source, one, [theirTip, ourTip]), commit(destination, other, [ourTip, theirTip])];
      [theirs, ours] = [edited(one, random), edited(other, random)];
      [theirTip, ourTip] = [commit(source, theirs, [theirTip]), commit(destination, ours, [ourTip])];
    }
    for (let more = random(3); more > 0; more -= 1) theirTip = commit(source, theirs = edited(theirs, random), [theirTip]);
    for (let more = random(3); more > 0; more -= 1) ourTip = commit(destination, ours = edited(ours, random), [ourTip]);
  }
  return Buffer.concat(out);
}

function baseTree(random: Random): Tree {
  const tree: Tree = new Map();
  for (const name of NAMES) if (name !== 'x' || random(2) === 0) tree.set(name, { mode: name === 'bin/run' ? '100755' : '100644', data: name.endsWith('.bin') ? bytes(random) : text(random, name.startsWith('win/') ? '\r\n' : '\n') });
  tree.set('vendor/module', { mode: '160000', data: Buffer.from(hex(random)) });
  return tree;
}

function edited(tree: Tree, random: Random, first?: Edit): Tree {
  const next: Tree = new Map(tree);
  const names = Object.keys(EDITS) as Edit[];
  for (const name of [first ?? names[random(names.length)]!, names[random(names.length)]!]) EDITS[name](next, random);
  return next;
}

const blended = (one: Tree, other: Tree, random: Random): Tree => {
  const tree: Tree = new Map(one);
  for (const [path, file] of other) if (random(2) === 0 && fits(tree, path)) tree.set(path, file);
  return tree;
};

const fits = (tree: Tree, path: string): boolean => ![...tree.keys()].some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`));

const text = (random: Random, end: string): Buffer => Buffer.from(Array.from({ length: 12 + random(20) }, (_, line) => `${WORDS[random(10)]} ${line} ${WORDS[random(10)]}${end}`).join(''));
const bytes = (random: Random): Buffer => Buffer.from(Array.from({ length: 200 }, (_, at) => (at === 3 ? 0 : random(256))));
const hex = (random: Random): string => Array.from({ length: 40 }, () => random(16).toString(16)).join('');

function pick(tree: Tree, random: Random, wanted: (file: TreeFile, path: string) => boolean): string | undefined {
  // The first few are wanted more often, so that both sides often choose the same.
  const all = [...tree].filter(([path, file]) => wanted(file, path)).map(([path]) => path);
  return all[random(random(2) === 0 ? Math.min(3, all.length) : all.length) || 0];
}

const isText = ({ mode, data }: TreeFile): boolean => mode.startsWith('100') && !data.includes(0);

function change(tree: Tree, random: Random): void {
  const path = pick(tree, random, isText);
  if (path !== undefined) tree.set(path, { ...tree.get(path)!, data: changed(tree.get(path)!.data, random) });
}

function changed(data: Buffer, random: Random): Buffer {
  const lines = data.toString().split(/(?<=\n)/);
  for (let edits = 1 + random(3); edits > 0; edits -= 1) {
    const at = random(lines.length || 1);
    const end = lines[at]?.endsWith('\r\n') ? '\r\n' : '\n';
    const what = random(3);
    if (what === 0) lines.splice(at, 1);
    else lines.splice(at, what === 1 ? 1 : 0, `${WORDS[random(10)]} edited ${WORDS[random(10)]}${end}`);
  }
  return Buffer.from(lines.join(''));
}

function move(tree: Tree, random: Random, withEdit: boolean): void {
  const path = pick(tree, random, isText);
  const to = `moved/${WORDS[random(4)]}.txt`;
  if (path === undefined || tree.has(to) || !fits(tree, to)) return;
  const file = tree.get(path)!;
  tree.delete(path);
  tree.set(to, withEdit ? { ...file, data: changed(file.data, random) } : file);
}

function chmod(tree: Tree, random: Random): void {
  const path = pick(tree, random, ({ mode }) => mode.startsWith('100'));
  if (path !== undefined) tree.set(path, { ...tree.get(path)!, mode: tree.get(path)!.mode === '100644' ? '100755' : '100644' });
}

function binaryEdit(tree: Tree, random: Random): void {
  tree.set('assets/logo.bin', { mode: '100644', data: bytes(random) });
}

function lineEnds(tree: Tree, random: Random): void {
  const path = pick(tree, random, (file, path) => path.startsWith('win/') && isText(file));
  if (path !== undefined) tree.set(path, { ...tree.get(path)!, data: Buffer.from(tree.get(path)!.data.toString().replaceAll('\r\n', '\n')) });
}

function remove(tree: Tree, random: Random): void {
  const path = pick(tree, random, isText);
  if (path !== undefined) tree.delete(path);
}

function submodule(tree: Tree, random: Random): void {
  if (random(4) === 0) tree.delete('vendor/module');
  else if (fits(tree, 'vendor/module')) tree.set('vendor/module', { mode: '160000', data: Buffer.from(hex(random)) });
}

function addFile(tree: Tree, random: Random): void {
  const path = `src/deep/new-${WORDS[random(3)]}.ts`;
  if (fits(tree, path)) tree.set(path, { mode: random(4) === 0 ? '100755' : '100644', data: text(random, '\n') });
}

function link(tree: Tree, random: Random): void {
  const path = pick(tree, random, isText);
  if (path !== undefined) tree.set(path, { mode: '120000', data: Buffer.from('../outside') });
}

function folderForFile(tree: Tree, random: Random): void {
  const path = ['notes', 'readme.md'][random(2)]!;
  if (tree.delete(path)) tree.set(`${path}/inside.txt`, { mode: '100644', data: text(random, '\n') });
}

function fileForFolder(tree: Tree, random: Random): void {
  const folder = ['lib', 'docs'][random(2)]!;
  for (const path of tree.keys()) if (path.startsWith(`${folder}/`)) tree.delete(path);
  if (fits(tree, folder)) tree.set(folder, { mode: '100644', data: text(random, '\n') });
}

function moveFolder(tree: Tree): void {
  for (const [path, file] of tree) {
    if (!path.startsWith('src/deep/')) continue;
    tree.delete(path);
    tree.set(path.replace('src/deep/', 'src/flat/'), file);
  }
}
