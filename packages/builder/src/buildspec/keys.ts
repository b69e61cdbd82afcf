import type { Entry, Place } from './document.ts';

/** How a key of the buildspec is treated: honoured here, or known to AWS but not honoured yet and therefore refused by name. */
export type Keys = Readonly<Record<string, 'honoured' | 'not yet'>>;

/**
 * Reads a mapping's entries and refuses every key that is unknown, and every known one with a value that Slipway does
 * not honour yet. An unsupported key without a value asks for nothing and passes.
 */
export function known(place: Place, what: string, keys: Keys): Map<string, Entry> {
  const entries = place.entries(what);
  for (const { name, at, value } of entries.values()) {
    const treatment = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (treatment === undefined) throw at.fail(`Unknown key "${name}" in ${what}`, Object.keys(keys));
    if (treatment === 'not yet' && !value.empty) throw at.fail(`"${name}" in ${what} is not supported by Slipway yet`);
  }
  return entries;
}

export const TOP_KEYS: Keys = {
  version: 'honoured', 'run-as': 'honoured', env: 'honoured', phases: 'honoured', artifacts: 'honoured',
  proxy: 'not yet', batch: 'not yet', reports: 'not yet', cache: 'not yet',
};

/** Version 0.1 calls its variables `environment_variables.plaintext`. */
export const TOP_KEYS_0_1: Keys = { ...TOP_KEYS, environment_variables: 'honoured' };

export const ENV_KEYS: Keys = {
  shell: 'honoured', variables: 'honoured', 'exported-variables': 'honoured',
  'parameter-store': 'not yet', 'secrets-manager': 'not yet', 'git-credential-helper': 'not yet',
};

export const ENV_KEYS_0_1: Keys = { plaintext: 'honoured', variables: 'honoured' };

export const PHASE_KEYS: Keys = {
  'run-as': 'honoured', 'on-failure': 'honoured', 'runtime-versions': 'honoured', commands: 'honoured', finally: 'honoured',
};

export const ARTIFACT_KEYS: Keys = {
  files: 'honoured', name: 'honoured', 'base-directory': 'honoured', 'discard-paths': 'honoured', 'exclude-paths': 'honoured',
  'enable-symlinks': 'not yet', 's3-prefix': 'not yet',
};

export const PRIMARY_ARTIFACT_KEYS: Keys = { ...ARTIFACT_KEYS, 'secondary-artifacts': 'honoured' };
