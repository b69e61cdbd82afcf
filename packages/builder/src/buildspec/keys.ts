import type { Entry, Place } from './document.ts';

/**
 * What somebody else than the builder has to do: whoever runs builds names those that it honours, and the parser refuses
 * the others where they stand in the file.
 */
export const HOST_KEYS = ['parameter-store', 'secrets-manager', 'cache', 's3-prefix', 'on-failure: RETRY'] as const;
export type HostKey = (typeof HOST_KEYS)[number];

/** How a key of the buildspec is treated: honoured here, by the host if it says so, or known to AWS but not honoured yet. */
export type Keys = Readonly<Record<string, 'honoured' | 'not yet' | HostKey>>;

/**
 * Reads a mapping's entries and refuses every key that is unknown, and every known one with a value that is not
 * honoured. An unsupported key without a value asks for nothing and passes.
 */
export function known(place: Place, what: string, keys: Keys, honours: readonly HostKey[]): Map<string, Entry> {
  const entries = place.entries(what);
  for (const { name, at, value } of entries.values()) {
    const treatment = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (treatment === undefined) throw at.fail(`Unknown key "${name}" in ${what}`, Object.keys(keys));
    const honoured = treatment === 'honoured' || (treatment !== 'not yet' && honours.includes(treatment));
    if (!honoured && !value.empty) throw at.fail(`"${name}" in ${what} is not supported by Slipway yet`);
  }
  return entries;
}

export const TOP_KEYS: Keys = {
  version: 'honoured', 'run-as': 'honoured', env: 'honoured', proxy: 'honoured', phases: 'honoured', artifacts: 'honoured', cache: 'cache',
  batch: 'not yet', reports: 'not yet',
};

/** Version 0.1 calls its variables `environment_variables.plaintext`. */
export const TOP_KEYS_0_1: Keys = { ...TOP_KEYS, environment_variables: 'honoured' };

export const ENV_KEYS: Keys = {
  shell: 'honoured', variables: 'honoured', 'exported-variables': 'honoured', 'git-credential-helper': 'honoured',
  'parameter-store': 'parameter-store', 'secrets-manager': 'secrets-manager',
};

export const ENV_KEYS_0_1: Keys = { plaintext: 'honoured', variables: 'honoured', 'parameter-store': 'parameter-store' };

export const PROXY_KEYS: Keys = { 'upload-artifacts': 'honoured', logs: 'honoured' };

export const PHASE_KEYS: Keys = { 'run-as': 'honoured', 'on-failure': 'honoured', commands: 'honoured', finally: 'honoured' };

export const INSTALL_KEYS: Keys = { ...PHASE_KEYS, 'runtime-versions': 'honoured' };

export const ARTIFACT_KEYS: Keys = {
  files: 'honoured', name: 'honoured', 'base-directory': 'honoured', 'discard-paths': 'honoured', 'exclude-paths': 'honoured',
  'enable-symlinks': 'honoured', 's3-prefix': 's3-prefix',
};

export const PRIMARY_ARTIFACT_KEYS: Keys = { ...ARTIFACT_KEYS, 'secondary-artifacts': 'honoured' };

export const CACHE_KEYS: Keys = { key: 'honoured', 'fallback-keys': 'honoured', paths: 'honoured', action: 'honoured' };
