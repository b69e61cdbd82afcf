import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { HOOK_EVENTS, isHookEvent } from './lifecycle.ts';
import type { HookEvent } from './lifecycle.ts';

export const FILE_EXISTS_BEHAVIORS = ['DISALLOW', 'OVERWRITE', 'RETAIN'] as const;
export type FileExistsBehavior = (typeof FILE_EXISTS_BEHAVIORS)[number];

const OBJECT_TYPES = ['file', 'directory'] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** AWS's default for a script, and the most that one lifecycle event may take in all. */
export const EVENT_TIMEOUT_SECONDS = 3600;

/** An AppSpec for servers (`version: 0.0`), every value checked. */
export interface AppSpec {
  readonly files: readonly FileMapping[];
  /** Undefined where the AppSpec says nothing: the deployment, then DISALLOW, decides. */
  readonly fileExistsBehavior: FileExistsBehavior | undefined;
  readonly permissions: readonly Permission[];
  readonly hooks: Readonly<Partial<Record<HookEvent, readonly Script[]>>>;
}

export interface FileMapping {
  /** Path in the bundle; `/` is all of it. */
  readonly source: string;
  /** Absolute path on the host. */
  readonly destination: string;
  /** `appspec.yml:7:5`, for errors that only the bundle's content brings to light. */
  readonly at: string;
}

export interface Permission {
  /** Absolute path of a file or directory that this deployment installs. */
  readonly object: string;
  readonly pattern: string;
  readonly except: readonly string[];
  readonly types: readonly ObjectType[];
  readonly owner: string | undefined;
  readonly group: string | undefined;
  /** Permission bits: 0o644. */
  readonly mode: number | undefined;
}

export interface Script {
  /** Path in the bundle. */
  readonly location: string;
  readonly timeoutSeconds: number;
  readonly runas: string | undefined;
}

/** A mistake in an AppSpec; the message begins with file, line and column. */
export class AppSpecError extends Error {
  override readonly name = 'AppSpecError';
}

/** Reads an AppSpec strictly: an unknown key is an error, for a misspelt one would silently change the deployment. */
export function parseAppSpec(text: string, fileName: string): AppSpec {
  const reader = new Reader(text, fileName);
  const root = reader.root();
  reader.keys(root, 'the AppSpec', ['version', 'os', 'files', 'file_exists_behavior', 'permissions', 'hooks']);
  readVersion(reader, root);
  readOs(reader, root);
  return {
    files: reader.list(root, 'files').map((entry, index) => readFileMapping(reader, reader.map(entry, `files[${index}]`), `files[${index}]`)),
    fileExistsBehavior: reader.oneOf(root, 'file_exists_behavior', 'file_exists_behavior', FILE_EXISTS_BEHAVIORS),
    permissions: reader.list(root, 'permissions').map((entry, index) =>
      readPermission(reader, reader.map(entry, `permissions[${index}]`), `permissions[${index}]`)),
    hooks: readHooks(reader, root),
  };
}

function readVersion(reader: Reader, root: YAMLMap): void {
  const version = reader.scalar(root, 'version', 'version');
  if (version === undefined) throw reader.error(root, 'version is missing. Make sure your AppSpec file specifies "0.0" as the version.');
  if (version.value !== 0 && version.value !== '0.0') {
    throw reader.error(version, `an invalid version value (${String(version.value)}) was entered in the application specification file. `
      + 'Make sure your AppSpec file specifies "0.0" as the version, and then try again.');
  }
}

function readOs(reader: Reader, root: YAMLMap): void {
  const os = reader.scalar(root, 'os', 'os');
  if (os === undefined) throw reader.error(root, 'os is missing. It must be linux.');
  if (os.value !== 'linux') {
    throw reader.error(os, `the application specification file specifies an unsupported operating system (${String(os.value)}). It must be linux.`);
  }
}

function readFileMapping(reader: Reader, map: YAMLMap, where: string): FileMapping {
  reader.keys(map, where, ['source', 'destination']);
  const source = reader.requiredText(map, 'source', where);
  const destination = reader.requiredText(map, 'destination', where);
  if (!destination.startsWith('/')) throw reader.error(reader.value(map, 'destination'), `${where}.destination must be an absolute path, not "${destination}".`);
  if (source.split('/').includes('..')) throw reader.error(reader.value(map, 'source'), `${where}.source must stay inside the bundle: "${source}".`);
  return { source, destination, at: reader.at(reader.value(map, 'source')) };
}

function readPermission(reader: Reader, map: YAMLMap, where: string): Permission {
  for (const key of ['acls', 'context'] as const) {
    if (map.has(key)) throw reader.error(reader.value(map, key), `${where}.${key} is not supported by Slipway yet.`);
  }
  reader.keys(map, where, ['object', 'pattern', 'except', 'owner', 'group', 'mode', 'type']);
  const object = reader.requiredText(map, 'object', where);
  if (!object.startsWith('/')) throw reader.error(reader.value(map, 'object'), `${where}.object must be an absolute path, not "${object}".`);
  return {
    object,
    pattern: reader.text(map, 'pattern', `${where}.pattern`) ?? '**',
    except: reader.list(map, 'except').map((entry, index) => reader.textOf(entry, `${where}.except[${index}]`)),
    types: readTypes(reader, map, where),
    owner: reader.text(map, 'owner', `${where}.owner`),
    group: reader.text(map, 'group', `${where}.group`),
    mode: readMode(reader, map, where),
  };
}

function readTypes(reader: Reader, map: YAMLMap, where: string): readonly ObjectType[] {
  if (!map.has('type')) return OBJECT_TYPES;
  return reader.list(map, 'type').map((entry, index) => {
    const text = reader.textOf(entry, `${where}.type[${index}]`);
    const type = OBJECT_TYPES.find((known) => known === text);
    if (type === undefined) throw reader.error(entry, `${where}.type[${index}] must be one of ${OBJECT_TYPES.join(', ')}, not "${text}".`);
    return type;
  });
}

/** The digits as written, for YAML 1.1 and 1.2 disagree about what number `0644` is. */
function readMode(reader: Reader, map: YAMLMap, where: string): number | undefined {
  const mode = reader.scalar(map, 'mode', `${where}.mode`);
  if (mode === undefined) return undefined;
  const digits = typeof mode.value === 'string' ? mode.value : (mode.source ?? String(mode.value));
  if (!/^[0-7]{1,5}$/.test(digits) || Number.parseInt(digits, 8) > 0o7777) {
    throw reader.error(mode, `${where}.mode must be octal digits such as 644 or 4755, not "${digits}".`);
  }
  return Number.parseInt(digits, 8);
}

function readHooks(reader: Reader, root: YAMLMap): AppSpec['hooks'] {
  const node = reader.value(root, 'hooks');
  if (isNothing(node)) return {};
  const map = reader.map(node, 'hooks');
  const hooks: Partial<Record<HookEvent, readonly Script[]>> = {};
  for (const pair of map.items) {
    const event = String(isScalar(pair.key) ? pair.key.value : pair.key);
    if (!isHookEvent(event)) {
      throw reader.error(pair.key as Node, `hooks.${event} is not a lifecycle event that runs scripts. Accepted: ${HOOK_EVENTS.join(', ')}.`);
    }
    hooks[event] = readScripts(reader, map, event);
  }
  return hooks;
}

function readScripts(reader: Reader, hooks: YAMLMap, event: HookEvent): readonly Script[] {
  const scripts: Script[] = [];
  let limited = 0;
  for (const [index, entry] of reader.list(hooks, event).entries()) {
    const where = `hooks.${event}[${index}]`;
    const map = reader.map(entry, where);
    reader.keys(map, where, ['location', 'timeout', 'runas']);
    const timeout = readTimeout(reader, map, where);
    limited += timeout ?? 0;
    if (limited > EVENT_TIMEOUT_SECONDS) {
      throw reader.error(reader.value(map, 'timeout'), `the timeouts of ${event}'s scripts add up to ${limited} seconds; a lifecycle event may take ${EVENT_TIMEOUT_SECONDS}.`);
    }
    const location = reader.requiredText(map, 'location', where);
    if (location.split('/').includes('..')) throw reader.error(reader.value(map, 'location'), `${where}.location must stay inside the bundle: "${location}".`);
    scripts.push({ location, timeoutSeconds: timeout ?? EVENT_TIMEOUT_SECONDS, runas: reader.text(map, 'runas', `${where}.runas`) });
  }
  return scripts;
}

function readTimeout(reader: Reader, map: YAMLMap, where: string): number | undefined {
  const scalar = reader.scalar(map, 'timeout', `${where}.timeout`);
  if (scalar === undefined) return undefined;
  const seconds = Number(scalar.value);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > EVENT_TIMEOUT_SECONDS) {
    throw reader.error(scalar, `${where}.timeout must be a whole number of seconds from 1 to ${EVENT_TIMEOUT_SECONDS}, not "${String(scalar.value)}".`);
  }
  return seconds;
}

const isNothing = (node: unknown): boolean => node === undefined || node === null || (isScalar(node) && node.value === null);

/** Typed access to the parsed file that knows where everything stands. */
class Reader {
  readonly #lines = new LineCounter();
  readonly #file: string;
  readonly #root: unknown;

  constructor(text: string, file: string) {
    this.#file = file;
    const document = parseDocument(text, { lineCounter: this.#lines, keepSourceTokens: false, prettyErrors: false, uniqueKeys: true });
    const problem = document.errors[0];
    if (problem !== undefined) throw new AppSpecError(`${this.#position(problem.pos[0])}: ${problem.message}`);
    this.#root = document.contents;
  }

  root(): YAMLMap {
    if (!isMap(this.#root)) throw new AppSpecError(`${this.#file}:1:1: the AppSpec file must be a YAML mapping with version, os, files and hooks.`);
    return this.#root;
  }

  keys(map: YAMLMap, where: string, accepted: readonly string[]): void {
    for (const pair of map.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      if (!accepted.includes(key)) throw this.error(pair.key as Node, `unknown key "${key}" in ${where}. Accepted: ${accepted.join(', ')}.`);
    }
  }

  value(map: YAMLMap, key: string): Node | undefined {
    return map.get(key, true) as Node | undefined;
  }

  map(node: unknown, where: string): YAMLMap {
    if (!isMap(node)) throw this.error(node as Node, `${where} must be a mapping.`);
    return node;
  }

  /** An absent or empty key is an empty list. */
  list(map: YAMLMap, key: string): readonly Node[] {
    const node = this.value(map, key);
    if (isNothing(node)) return [];
    if (!isSeq(node)) throw this.error(node, `${key} must be a list.`);
    return (node as YAMLSeq<Node>).items;
  }

  scalar(map: YAMLMap, key: string, where: string): Scalar | undefined {
    const node = this.value(map, key);
    if (isNothing(node)) return undefined;
    if (!isScalar(node)) throw this.error(node, `${where} must be a single value.`);
    return node;
  }

  text(map: YAMLMap, key: string, where: string): string | undefined {
    const scalar = this.scalar(map, key, where);
    return scalar === undefined ? undefined : this.textOf(scalar, where);
  }

  textOf(node: unknown, where: string): string {
    if (!isScalar(node) || node.value === null) throw this.error(node as Node, `${where} must be a single value.`);
    const text = String(node.value).trim();
    if (text === '' || text.includes('\0')) throw this.error(node, `${where} must not be empty.`);
    return text;
  }

  requiredText(map: YAMLMap, key: string, where: string): string {
    const text = this.text(map, key, `${where}.${key}`);
    if (text === undefined) throw this.error(map, `${where} has no ${key} value.`);
    return text;
  }

  oneOf<const T extends string>(map: YAMLMap, key: string, where: string, accepted: readonly T[]): T | undefined {
    const text = this.text(map, key, where);
    if (text === undefined) return undefined;
    const found = accepted.find((value) => value === text);
    if (found === undefined) throw this.error(this.value(map, key), `${where} must be one of ${accepted.join(', ')}, not "${text}".`);
    return found;
  }

  at(node: Node | undefined): string {
    return this.#position(node?.range?.[0] ?? 0);
  }

  error(node: Node | undefined, message: string): AppSpecError {
    return new AppSpecError(`${this.at(node)}: ${message}`);
  }

  #position(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }
}
