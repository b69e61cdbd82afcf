import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HOST_KEYS, parseBuildspec } from '@slipway/builder';
import type { Slipway } from '@slipway/testkit';
import { expect } from 'vitest';
import { parse } from 'yaml';

/** One buildspec with its source, and what a build of it does, whoever runs it. See `corpus/README.md`. */
export interface CorpusCase {
  readonly name: string;
  readonly about: string;
  readonly source: Readonly<Record<string, string>>;
  /** The source is a repository with one commit. */
  readonly git: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values come from the parameter store, by the buildspec or beside it. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Secrets of the secrets manager that the buildspec names, by id; and the variables that they fill. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly secretVariables: Readonly<Record<string, string>>;
  /** Builds that come first, with these variables in place of `env`; what they leave in the cache is there. */
  readonly before: readonly { readonly env?: Readonly<Record<string, string>> }[];
  /** Repositories in CodeCommit that the build can reach, by name. */
  readonly repositories: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Users other than root exist in a sandbox where the tests themselves are root. */
  readonly root: boolean;
  /** Seconds; only where whoever runs the build takes so few. */
  readonly timeout?: number;
  readonly runners: readonly string[];
  readonly cli: boolean;
  readonly server: boolean;
  /** How often the build is tried again where somebody does so. */
  readonly retries: number;
  readonly buildspec: string;
  readonly expect: Expected;
}

interface Expected {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  readonly output: readonly string[];
  /** Phase → SUCCEEDED, or its contexts, one per line; `/…/` is a pattern. Phases that are not named do not run. */
  readonly phases: Readonly<Record<string, string>>;
  /** The phase is refused before it is entered. */
  readonly early?: boolean;
  readonly exported?: Readonly<Record<string, string>>;
  /** By identifier, `primary` for the primary one. A file is `MODE TEXT` or `link TARGET`. */
  readonly artifacts?: Readonly<Record<string, { name?: string; prefix?: string; files?: Readonly<Record<string, string>>; error?: string }>>;
  readonly retry?: { readonly phase: string; readonly count: number };
  readonly refused?: { readonly line: number; readonly says: string };
}

/** What was seen of a build, normalised. Absent members cannot be seen by this way of running builds. */
export interface SeenBuild {
  readonly status: string;
  readonly output: readonly string[];
  readonly phases: Readonly<Record<string, string>>;
  readonly exported?: Readonly<Record<string, string>>;
  readonly artifacts?: Readonly<Record<string, SeenArtifact>>;
  readonly retry?: { readonly phase: string; readonly count: number } | undefined;
}

export interface SeenArtifact {
  readonly name?: string | undefined;
  readonly prefix?: string | undefined;
  readonly files?: Readonly<Record<string, string>> | undefined;
  readonly error?: string | undefined;
}

const folder = join(import.meta.dirname, '..', 'corpus');
const all = { INSTALL: 'SUCCEEDED', PRE_BUILD: 'SUCCEEDED', BUILD: 'SUCCEEDED', POST_BUILD: 'SUCCEEDED' };
const unlessSaid = { status: 'SUCCEEDED', output: [], phases: all };
const defaults = { source: {}, git: false, env: {}, parameters: {}, secrets: {}, secretVariables: {}, before: [], repositories: {}, root: false, runners: ['plain', 'sandbox', 'container'], cli: true, server: true, retries: 0 };

export const corpus: readonly CorpusCase[] = readdirSync(folder).filter((name) => name.endsWith('.yml')).toSorted().map((file) => {
  const read = parse(readFileSync(join(folder, file), 'utf8')) as CorpusCase;
  return { ...defaults, ...read, name: file.replace('.yml', ''), expect: { ...unlessSaid, ...read.expect } };
});

export async function writeSource({ source, git }: CorpusCase, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const [path, text] of Object.entries(source)) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), text);
    await chmod(join(to, path), 0o644);
  }
  if (!git) return;
  const say = (...args: string[]): void => void execFileSync('git', ['-C', to, '-c', 'user.name=Corpus', '-c', 'user.email=corpus@example.com', ...args], { stdio: 'ignore' });
  say('init', '-q');
  say('add', '.');
  say('commit', '-q', '-m', 'Source');
}

export async function makeRepositories(server: Slipway, { repositories }: CorpusCase): Promise<void> {
  for (const [repositoryName, files] of Object.entries(repositories)) {
    await server.aws.codecommit.createRepository({ repositoryName });
    await server.aws.codecommit.createCommit({ repositoryName, branchName: 'main', putFiles: Object.entries(files).map(([filePath, text]) => ({ filePath, fileContent: Buffer.from(text) })) });
  }
}

/** Compares what was seen with what the case expects: status, phases with their contexts, output, and the rest as far as it can be seen. */
export function checkBuild({ expect: wanted }: CorpusCase, seen: SeenBuild): void {
  // Some shells say which signal has ended what they waited for.
  expect(wanted.status === 'TIMED_OUT' ? seen.output.filter((line) => line !== 'Terminated') : seen.output).toEqual(wanted.output);
  expect(seen.phases).toEqual(Object.fromEntries(Object.entries(wanted.phases).map(([phase, text]) => [phase, matching(text)])));
  expect(seen.status).toBe(wanted.status);
  if (seen.exported !== undefined) expect(seen.exported).toEqual(wanted.exported ?? {});
  if ('retry' in seen) expect(seen.retry).toEqual(wanted.retry);
  if (seen.artifacts === undefined) return;
  expect(Object.keys(seen.artifacts).toSorted()).toEqual(Object.keys(wanted.artifacts ?? {}).toSorted());
  for (const [identifier, artifact] of Object.entries(wanted.artifacts ?? {})) {
    const found = seen.artifacts[identifier];
    if (artifact.error !== undefined) {
      if (found?.error !== undefined) expect(found.error).toContain(artifact.error);
      else expect(found?.files).toBeUndefined();
    }
    if (artifact.name !== undefined && found !== undefined && 'name' in found) expect(found.name).toEqual(matching(artifact.name));
    if (artifact.prefix !== undefined) expect(found?.prefix).toBe(artifact.prefix);
    if (artifact.files !== undefined) expect(found?.files).toEqual(Object.fromEntries(Object.entries(artifact.files).map(([path, text]) => [path, hashed(text)])));
  }
}

/** The text itself, or what a pattern between slashes accepts. */
const matching = (text: string): unknown => (/^\/.*\/$/s.test(text) ? expect.stringMatching(new RegExp(text.slice(1, -1))) : text);

/** `644 text` → `644 <sha256>`. */
function hashed(written: string): string {
  const [, kind = '', text = ''] = /^(\S+) (.*)$/s.exec(written) ?? [];
  return kind === 'link' ? written : fileSeen(Number.parseInt(kind, 8), Buffer.from(text));
}

export function fileSeen(mode: number, bytes: Uint8Array): string {
  return `${(mode & 0o777).toString(8)} ${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A folder's files as a case writes them; undefined where it is not there. */
export function treeSeen(root: string, leaveOut: readonly string[] = []): Record<string, string> | undefined {
  if (!existsSync(root)) return undefined;
  const found: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(root.length + 1);
    if (leaveOut.includes(path.split('/')[0] ?? '')) continue;
    if (entry.isSymbolicLink()) found[path] = `link ${readlinkSync(full)}`;
    else if (entry.isFile()) found[path] = fileSeen(lstatSync(full).mode, readFileSync(full));
  }
  return found;
}

const OWN = /^\[Container\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} /;

/** Output and phases out of a log, of the last try of the build. */
export function readLog({ buildspec }: CorpusCase, lines: readonly string[]): Pick<SeenBuild, 'output' | 'phases'> {
  const long = Object.values(parseBuildspec(buildspec, { honours: HOST_KEYS }).phases).flatMap((phase) => [...phase.commands, ...phase.finally]).map((command) => command.replace(/\n$/, '').split('\n')).filter((command) => command.length > 1);
  let output: string[] = [];
  let phases: Record<string, string> = {};
  let phase = '';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (!OWN.test(line)) {
      output.push(line);
      continue;
    }
    // A command of several lines is told in as many.
    const further = (long.find(([first = '']) => line.endsWith(first))?.length ?? 1) - 1;
    const own = [line.replace(OWN, ''), ...lines.slice(at + 1, at + 1 + further)].join('\n');
    at += further;
    const [, completed, state = ''] = /^Phase complete: (\S+) State: (\S+)$/.exec(own) ?? [];
    const [, code = '', message = ''] = /^Phase context status code: (\S*) Message: (.*)$/s.exec(own) ?? [];
    if (own.startsWith('Retrying the build')) [output, phases] = [[], {}];
    if (completed !== undefined && state !== 'STOPPED') phases[(phase = completed)] = state === 'SUCCEEDED' ? state : '';
    if (code !== '') phases[phase] = [phases[phase], `${code}: ${message}`].filter((text) => text !== '').join('\n');
  }
  const { INSTALL, PRE_BUILD, BUILD, POST_BUILD } = phases;
  return { output, phases: Object.fromEntries(Object.entries({ INSTALL, PRE_BUILD, BUILD, POST_BUILD }).filter((entry): entry is [string, string] => entry[1] !== undefined)) };
}
