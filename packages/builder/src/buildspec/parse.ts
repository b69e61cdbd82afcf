import type { Entry, Place } from './document.ts';
import { readYaml } from './document.ts';
import { ARTIFACT_KEYS, ENV_KEYS, ENV_KEYS_0_1, PHASE_KEYS, PRIMARY_ARTIFACT_KEYS, TOP_KEYS, TOP_KEYS_0_1, known } from './keys.ts';
import { checkRuntime } from './runtimes.ts';
import type { Runtimes } from './runtimes.ts';
import { PHASES } from './types.ts';
import type { ArtifactSpec, Buildspec, PhaseKey, PhaseSpec } from './types.ts';

export interface ParseOptions {
  /** How errors call the file. */
  readonly file?: string;
  /** Which runtimes the build environment has, by AWS's names: `{ nodejs: '20.20.2' }`. `runtime-versions` are checked against it. */
  readonly runtimes?: Runtimes;
}

/** Parses a buildspec of version 0.1 or 0.2. Throws `BuildspecError` for anything that is unknown or not honoured. */
export function parseBuildspec(text: string, options: ParseOptions = {}): Buildspec {
  const root = readYaml(text, options.file ?? 'buildspec.yml');
  const version = readVersion(root);
  const top = known(root, 'the buildspec', version === '0.1' ? TOP_KEYS_0_1 : TOP_KEYS);
  const env = readEnv(top, version);
  const runAs = optionalText(top.get('run-as'));
  return {
    version, ...env,
    ...(runAs === undefined ? {} : { runAs }),
    phases: readPhases(top.get('phases'), root, options.runtimes ?? {}),
    ...readArtifacts(top.get('artifacts')),
  };
}

function readVersion(root: Place): Buildspec['version'] {
  const entry = root.entries('the buildspec').get('version');
  if (entry === undefined) throw root.fail('The buildspec has no version', ['version: 0.2', 'version: 0.1']);
  const text = entry.value.text('version');
  if (text !== '0.1' && text !== '0.2') throw entry.value.fail(`Unknown buildspec version "${text}"`, ['0.2', '0.1']);
  return text;
}

function readEnv(top: Map<string, Entry>, version: Buildspec['version']): Pick<Buildspec, 'shell' | 'variables' | 'exportedVariables'> {
  const old = version === '0.1' ? top.get('environment_variables') : undefined;
  const plain = old === undefined ? undefined : known(old.value, 'environment_variables', ENV_KEYS_0_1);
  const entry = top.get('env');
  const env: Map<string, Entry> = entry === undefined ? new Map() : known(entry.value, 'env', ENV_KEYS);
  return {
    shell: readShell(env.get('shell')),
    variables: { ...readVariables(plain?.get('plaintext') ?? plain?.get('variables')), ...readVariables(env.get('variables')) },
    exportedVariables: (env.get('exported-variables')?.value.items('exported-variables') ?? []).map(readName),
  };
}

function readShell(entry: Entry | undefined): Buildspec['shell'] {
  if (entry === undefined || entry.value.empty) return 'sh';
  const shell = entry.value.text('shell');
  if (shell === 'sh' || shell === 'bash') return shell;
  if (shell === '/bin/sh' || shell === '/bin/bash') return shell === '/bin/sh' ? 'sh' : 'bash';
  if (shell === 'powershell.exe') throw entry.value.fail('The shell powershell.exe is not supported by Slipway yet', ['sh', 'bash']);
  throw entry.value.fail(`Unknown shell "${shell}"`, ['sh', 'bash']);
}

function readVariables(entry: Entry | undefined): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { name, at, value } of entry?.value.entries('variables').values() ?? []) {
    if (name === '' || /[=\0]/.test(name)) throw at.fail(`"${name}" cannot name an environment variable`);
    const text = value.empty ? '' : value.text(`the variable ${name}`);
    if (text.includes('\0')) throw value.fail(`The variable ${name} holds a NUL character`);
    variables[name] = text;
  }
  return variables;
}

/** The shell reads these names, so they must be names to it. */
function readName(place: Place): string {
  const name = place.text('the exported variable');
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw place.fail(`"${name}" cannot name a variable`, ['letters, digits and _ , not beginning with a digit']);
  return name;
}

function readPhases(entry: Entry | undefined, root: Place, runtimes: Runtimes): Buildspec['phases'] {
  if (entry === undefined || entry.value.empty) throw (entry?.at ?? root).fail('The buildspec has no phases', PHASES);
  const phases: Partial<Record<PhaseKey, PhaseSpec>> = {};
  for (const { name, at, value } of entry.value.entries('phases').values()) {
    const key = PHASES.find((phase) => phase === name);
    if (key === undefined) throw at.fail(`Unknown phase "${name}"`, PHASES);
    phases[key] = readPhase(key, value, runtimes);
  }
  return phases;
}

function readPhase(key: PhaseKey, place: Place, runtimes: Runtimes): PhaseSpec {
  const entries = known(place, `the phase ${key}`, PHASE_KEYS);
  for (const { name, at, value } of entries.get('runtime-versions')?.value.entries('runtime-versions').values() ?? []) {
    if (key !== 'install') throw at.fail('runtime-versions belong to the install phase', ['phases.install.runtime-versions']);
    checkRuntime(name, value, at, runtimes);
  }
  const onFailure = readOnFailure(entries.get('on-failure'));
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

function readOnFailure(entry: Entry | undefined): PhaseSpec['onFailure'] {
  if (entry === undefined || entry.value.empty) return undefined;
  const text = entry.value.text('on-failure');
  if (text === 'ABORT' || text === 'CONTINUE') return text;
  if (/^RETRY(-.+)?$/s.test(text)) throw entry.value.fail(`on-failure: ${text} is not supported by Slipway yet`, ['ABORT', 'CONTINUE']);
  throw entry.value.fail(`Unknown on-failure "${text}"`, ['ABORT', 'CONTINUE']);
}

function readArtifacts(entry: Entry | undefined): Pick<Buildspec, 'artifacts' | 'secondaryArtifacts'> {
  if (entry === undefined || entry.value.empty) return { secondaryArtifacts: {} };
  const entries = known(entry.value, 'artifacts', PRIMARY_ARTIFACT_KEYS);
  const secondaryArtifacts: Record<string, ArtifactSpec> = {};
  for (const { name, at, value } of entries.get('secondary-artifacts')?.value.entries('secondary-artifacts').values() ?? []) {
    secondaryArtifacts[name] = readArtifact(known(value, `the secondary artifact ${name}`, ARTIFACT_KEYS), at);
  }
  const secondaryOnly = entries.get('files') === undefined && Object.keys(secondaryArtifacts).length > 0;
  return secondaryOnly ? { secondaryArtifacts } : { artifacts: readArtifact(entries, entry.at), secondaryArtifacts };
}

function readArtifact(entries: Map<string, Entry>, at: Place): ArtifactSpec {
  const files = entries.get('files')?.value.texts('a file of the artifact') ?? [];
  if (files.length === 0) throw (entries.get('files')?.at ?? at).fail('The artifact names no files', ["files, a list such as '**/*'"]);
  const baseDirectory = optionalText(entries.get('base-directory'));
  const name = readArtifactName(entries.get('name'));
  const discard = entries.get('discard-paths');
  return {
    files,
    excludePaths: entries.get('exclude-paths')?.value.texts('an excluded path') ?? [],
    discardPaths: discard !== undefined && !discard.value.empty && discard.value.truth('discard-paths'),
    ...(baseDirectory === undefined ? {} : { baseDirectory }),
    ...(name === undefined ? {} : { name }),
  };
}

function readArtifactName(entry: Entry | undefined): string | undefined {
  const name = optionalText(entry);
  if (entry !== undefined && name !== undefined && /[\n\r\0]/.test(name)) throw entry.value.fail('The name of an artifact must be one line');
  return name;
}

function optionalText(entry: Entry | undefined): string | undefined {
  return entry === undefined || entry.value.empty ? undefined : entry.value.text(entry.name);
}
