import type { Entry, Place } from './document.ts';
import { readYaml } from './document.ts';
import { readEnv, readProxy } from './env.ts';
import { INSTALL_KEYS, PHASE_KEYS, TOP_KEYS, TOP_KEYS_0_1, known } from './keys.ts';
import type { HostKey } from './keys.ts';
import { readOnFailure } from './on-failure.ts';
import { optionalText, readArtifacts, readCache } from './outputs.ts';
import { readRuntimes } from './runtimes.ts';
import type { Runtimes } from './runtimes.ts';
import { PHASES } from './types.ts';
import type { Buildspec, PhaseKey, PhaseSpec } from './types.ts';

export interface ParseOptions {
  /** How errors call the file. */
  readonly file?: string;
  /** What the build environment has, if that is known: `runtime-versions` are checked against it here rather than when the build begins. */
  readonly runtimes?: Runtimes;
  /** The keys that whoever runs the build honours in the builder's place. All others of `HOST_KEYS` are refused by name. */
  readonly honours?: readonly HostKey[];
}

/** Parses a buildspec of version 0.1 or 0.2. Throws `BuildspecError` for anything that is unknown or not honoured. */
export function parseBuildspec(text: string, options: ParseOptions = {}): Buildspec {
  const root = readYaml(text, options.file ?? 'buildspec.yml');
  const honours = options.honours ?? [];
  const version = readVersion(root);
  const top = known(root, 'the buildspec', version === '0.1' ? TOP_KEYS_0_1 : TOP_KEYS, honours);
  const runAs = optionalText(top.get('run-as'));
  return {
    version,
    ...readEnv(top, version, honours),
    proxy: readProxy(top.get('proxy'), honours),
    ...(runAs === undefined ? {} : { runAs }),
    ...readPhases(top.get('phases'), root, { honours, runtimes: options.runtimes }),
    ...readArtifacts(top.get('artifacts'), honours),
    ...readCache(top.get('cache'), honours),
  };
}

function readVersion(root: Place): Buildspec['version'] {
  const entry = root.entries('the buildspec').get('version');
  if (entry === undefined) throw root.fail('The buildspec has no version', ['version: 0.2', 'version: 0.1']);
  const text = entry.value.text('version');
  if (text !== '0.1' && text !== '0.2') throw entry.value.fail(`Unknown buildspec version "${text}"`, ['0.2', '0.1']);
  return text;
}

interface Surroundings {
  readonly honours: readonly HostKey[];
  readonly runtimes: Runtimes | undefined;
}

function readPhases(entry: Entry | undefined, root: Place, around: Surroundings): Pick<Buildspec, 'phases' | 'runtimeVersions'> {
  if (entry === undefined || entry.value.empty) throw (entry?.at ?? root).fail('The buildspec has no phases', PHASES);
  const phases: Partial<Record<PhaseKey, PhaseSpec>> = {};
  let runtimeVersions: Record<string, string> = {};
  for (const { name, at, value } of entry.value.entries('phases').values()) {
    const key = PHASES.find((phase) => phase === name);
    if (key === undefined) throw at.fail(`Unknown phase "${name}"`, PHASES);
    const misplaced = key === 'install' ? undefined : value.entries(`the phase ${key}`).get('runtime-versions');
    if (misplaced !== undefined) throw misplaced.at.fail('runtime-versions belong to the install phase', ['phases.install.runtime-versions']);
    const entries = known(value, `the phase ${key}`, key === 'install' ? INSTALL_KEYS : PHASE_KEYS, around.honours);
    phases[key] = readPhase(entries, around.honours);
    if (key === 'install') runtimeVersions = readRuntimes(entries.get('runtime-versions'), around.runtimes);
  }
  return { phases, runtimeVersions };
}

function readPhase(entries: Map<string, Entry>, honours: readonly HostKey[]): PhaseSpec {
  const onFailure = readOnFailure(entries.get('on-failure'), honours);
  const runAs = optionalText(entries.get('run-as'));
  return {
    commands: readCommands(entries.get('commands')),
    finally: readCommands(entries.get('finally')),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(runAs === undefined ? {} : { runAs }),
  };
}

function readCommands(entry: Entry | undefined): string[] {
  return (entry?.value.items(entry.name) ?? []).map((item, index) => {
    const command = item.text(`Commands[${index}]`);
    if (command.includes('\0')) throw item.fail('A command holds a NUL character');
    return command;
  });
}
