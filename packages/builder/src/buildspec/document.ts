import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { BuildspecError } from './error.ts';

/** A value in the YAML file that knows where it stands, so that every refusal can point at it. */
export class Place {
  readonly #source: YamlFile;
  readonly #node: Node | null;
  readonly key: string;
  readonly #fallback: number;

  constructor(source: YamlFile, node: Node | null, key: string, fallback: number) {
    this.#source = source;
    this.#node = node;
    this.key = key;
    this.#fallback = fallback;
  }

  get offset(): number {
    return this.#node?.range?.[0] ?? this.#fallback;
  }

  /** Nothing stands here: no value, an explicit null, an empty list or map. */
  get empty(): boolean {
    const node = this.#resolved();
    if (node === null) return true;
    if (isScalar(node)) return node.value === null;
    return (isMap(node) || isSeq(node)) && node.items.length === 0;
  }

  fail(problem: string, accepted?: readonly string[]): BuildspecError {
    return this.#source.error(this.offset, this.key, problem, accepted);
  }

  /** The entries of a mapping, merge keys (`<<`) folded in; an empty place has none. */
  entries(what: string): Map<string, Entry> {
    const node = this.#resolved();
    const found = new Map<string, Entry>();
    if (node === null || (isScalar(node) && node.value === null)) return found;
    if (!isMap(node)) throw this.fail(`Expected ${what} to be a mapping of keys to values: found ${kindOf(node)} instead`);
    this.#collect(node, found, 0);
    return found;
  }

  #collect(map: YAMLMap, found: Map<string, Entry>, depth: number): void {
    if (depth > 10) throw this.fail('Merge keys are nested too deeply');
    const merged: Node[] = [];
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const name = keyText(pair.key);
      if (name === undefined) throw this.#source.error(pair.key.range?.[0] ?? this.offset, this.key, 'A key must be plain text');
      if (name === '<<') {
        if (pair.value !== null) merged.push(pair.value);
        continue;
      }
      const at = pair.key.range?.[0] ?? this.offset;
      const path = this.key === '' ? name : `${this.key}.${name}`;
      found.set(name, { name, at: new Place(this.#source, pair.key, path, at), value: new Place(this.#source, pair.value, path, at) });
    }
    for (const node of merged) {
      const target = this.#source.resolve(node);
      const maps = isSeq(target) ? (target.items as Node[]).map((item) => this.#source.resolve(item)) : [target];
      for (const one of maps) {
        if (!isMap(one)) throw this.#source.error(node.range?.[0] ?? this.offset, this.key, 'A merge key (<<) must refer to a mapping');
        const inherited = new Map<string, Entry>();
        this.#collect(one, inherited, depth + 1);
        for (const [name, entry] of inherited) if (!found.has(name)) found.set(name, entry);
      }
    }
  }

  /** The items of a list; a place that holds nothing has none. */
  items(what: string): Place[] {
    const node = this.#resolved();
    if (node === null || (isScalar(node) && node.value === null)) return [];
    if (!isSeq(node)) throw this.fail(`Expected ${what} to be a list: found ${kindOf(node)} instead`, ['a list, one "- " item per line']);
    return (node.items as (Node | null)[]).map((item, index) => new Place(this.#source, item, `${this.key}[${index}]`, this.offset));
  }

  /** A list of texts, or one text standing for a list of one. */
  texts(what: string): string[] {
    const node = this.#resolved();
    if (node !== null && isScalar(node) && node.value !== null) return [this.text(what)];
    return this.items(what).map((item) => item.text(what));
  }

  /** A scalar as it was written: `1.10` stays `1.10` and `yes` stays `yes` where a text is wanted. */
  text(what: string): string {
    const node = this.#resolved();
    if (node === null || (isScalar(node) && node.value === null)) throw this.fail(`Expected ${what} to be of string type: found nothing instead`, ['text']);
    if (!isScalar(node)) throw this.fail(`Expected ${what} to be of string type: found ${kindOf(node)} instead; text with ": " in it needs quotes`, ['text']);
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  /** YAML 1.1's truth: yes/no, on/off, true/false, quoted or not. */
  truth(what: string): boolean {
    const text = this.text(what).toLowerCase();
    if (['yes', 'y', 'on', 'true'].includes(text)) return true;
    if (['no', 'n', 'off', 'false'].includes(text)) return false;
    throw this.fail(`Expected ${what} to be yes or no: found "${text}" instead`, ['yes', 'no']);
  }

  #resolved(): Node | null {
    return this.#node === null ? null : this.#source.resolve(this.#node);
  }
}

export interface Entry {
  readonly name: string;
  readonly at: Place;
  readonly value: Place;
}

/** A buildspec is a page or two; far larger is a mistake or an attack. */
const MAX_BYTES = 1_000_000;
/** How often anchors may be expanded before the file counts as an alias bomb. */
const MAX_ALIAS_USES = 1_000;

class YamlFile {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: Document.Parsed;
  #aliasUses = 0;

  constructor(file: string, lines: LineCounter, document: Document.Parsed) {
    this.#file = file;
    this.#lines = lines;
    this.#document = document;
  }

  error(offset: number, key: string, problem: string, accepted?: readonly string[]): BuildspecError {
    const { line, col } = this.#lines.linePos(offset);
    return new BuildspecError({ file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1), key, problem, ...(accepted === undefined ? {} : { accepted }) });
  }

  resolve(node: Node): Node | null {
    if (!isAlias(node)) return node;
    this.#aliasUses += 1;
    const at = node.range?.[0] ?? 0;
    if (this.#aliasUses > MAX_ALIAS_USES) throw this.error(at, '', 'Anchors are used too often; the file expands without bound');
    const target = node.resolve(this.#document);
    if (target === undefined) throw this.error(at, '', `The alias *${node.source} has no anchor before it`);
    return target as Node;
  }
}

/** The parser takes seconds to give up on some hundred thousand brackets. No buildspec leaves this many open, in shell text neither. */
const MOST_OPEN = 1_000;
const DEEP_LIST = /(?:[-?][ \t]){100}/;

function isTooDeep(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open += 1;
    else if ((character === ']' || character === '}') && open > 0) open -= 1;
    if (open > MOST_OPEN) return true;
  }
  return DEEP_LIST.test(text);
}

/** Reads YAML (1.1's scalars, as AWS does) and answers its root. Syntax errors point at their line. */
export function readYaml(text: string, file: string): Place {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new BuildspecError({ file, line: 1, column: 1, key: '', problem: `The buildspec is larger than ${MAX_BYTES} bytes` });
  if (isTooDeep(text)) throw new BuildspecError({ file, line: 1, column: 1, key: '', problem: 'The buildspec is nested too deeply' });
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.1', lineCounter: lines, prettyErrors: false, uniqueKeys: true, keepSourceTokens: false, logLevel: 'error' });
  const source = new YamlFile(file, lines, document);
  const first = document.errors[0];
  if (first !== undefined) throw source.error(first.pos[0], '', `YAML syntax error: ${first.message.replace(/\.$/, '')}`);
  return new Place(source, document.contents as Node | null, '', 0);
}

function keyText(node: Node): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function kindOf(node: Node): string {
  if (isMap(node)) return 'subkeys';
  if (isSeq(node)) return 'a list';
  return 'a single value';
}
