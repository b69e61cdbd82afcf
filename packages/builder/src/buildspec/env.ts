import type { Entry, Place } from './document.ts';
import { ENV_KEYS, ENV_KEYS_0_1, PROXY_KEYS, known } from './keys.ts';
import type { HostKey } from './keys.ts';
import { isSecretReference } from './secrets.ts';
import type { Buildspec } from './types.ts';

type Env = Pick<Buildspec, 'shell' | 'variables' | 'parameterStore' | 'secretsManager' | 'exportedVariables' | 'gitCredentialHelper'>;

export function readEnv(top: Map<string, Entry>, version: Buildspec['version'], honours: readonly HostKey[]): Env {
  const old = version === '0.1' ? top.get('environment_variables') : undefined;
  const plain: Map<string, Entry> = old === undefined ? new Map() : known(old.value, 'environment_variables', ENV_KEYS_0_1, honours);
  const entry = top.get('env');
  const env: Map<string, Entry> = entry === undefined ? new Map() : known(entry.value, 'env', ENV_KEYS, honours);
  const helper = env.get('git-credential-helper');
  return {
    shell: readShell(env.get('shell')),
    variables: { ...readVariables(plain.get('plaintext')), ...readVariables(plain.get('variables')), ...readVariables(env.get('variables')) },
    parameterStore: { ...readReferences(plain.get('parameter-store')), ...readReferences(env.get('parameter-store')) },
    secretsManager: readSecrets(env.get('secrets-manager')),
    exportedVariables: (env.get('exported-variables')?.value.items('exported-variables') ?? []).map(readName),
    gitCredentialHelper: helper !== undefined && !helper.value.empty && helper.value.truth('git-credential-helper'),
  };
}

export function readProxy(entry: Entry | undefined, honours: readonly HostKey[]): Buildspec['proxy'] {
  const proxy: Map<string, Entry> = entry === undefined ? new Map() : known(entry.value, 'proxy', PROXY_KEYS, honours);
  const truth = (name: string): boolean => {
    const value = proxy.get(name)?.value;
    return value !== undefined && !value.empty && value.truth(name);
  };
  return { uploadArtifacts: truth('upload-artifacts'), logs: truth('logs') };
}

function readShell(entry: Entry | undefined): Buildspec['shell'] {
  if (entry === undefined || entry.value.empty) return 'sh';
  const shell = entry.value.text('shell');
  if (shell === 'sh' || shell === 'bash') return shell;
  if (shell === '/bin/sh' || shell === '/bin/bash') return shell === '/bin/sh' ? 'sh' : 'bash';
  if (shell === 'powershell.exe') throw entry.value.fail('The shell powershell.exe is not supported by Slipway yet', ['sh', 'bash']);
  throw entry.value.fail(`Unknown shell "${shell}"`, ['sh', 'bash']);
}

function* variables(entry: Entry | undefined): Generator<Entry> {
  for (const variable of entry?.value.entries(entry.name).values() ?? []) {
    if (variable.name === '' || /[=\0]/.test(variable.name)) throw variable.at.fail(`"${variable.name}" cannot name an environment variable`);
    yield variable;
  }
}

function readVariables(entry: Entry | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, value } of variables(entry)) {
    const text = value.empty ? '' : value.text(`the variable ${name}`);
    if (text.includes('\0')) throw value.fail(`The variable ${name} holds a NUL character`);
    found[name] = text;
  }
  return found;
}

function readReferences(entry: Entry | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, at, value } of variables(entry)) {
    const text = value.empty ? '' : value.text(`the parameter of ${name}`).trim();
    if (text === '') throw at.fail(`The variable ${name} names no parameter`, ["a parameter's name"]);
    found[name] = text;
  }
  return found;
}

const SECRET_FORMS = ['secret-id', 'secret-id:json-key', 'secret-id:json-key:version-stage', 'secret-id:json-key:version-stage:version-id'];

function readSecrets(entry: Entry | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, at, value } of variables(entry)) {
    const text = value.empty ? '' : value.text(`the secret of ${name}`).trim();
    if (text === '') throw at.fail(`The variable ${name} names no secret`, SECRET_FORMS);
    if (!isSecretReference(text)) throw value.fail(`"${text}" names no secret`, SECRET_FORMS);
    found[name] = text;
  }
  return found;
}

/** The shell reads these names, so they must be names to it. */
function readName(place: Place): string {
  const name = place.text('the exported variable');
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw place.fail(`"${name}" cannot name a variable`, ['letters, digits and _ , not beginning with a digit']);
  return name;
}
