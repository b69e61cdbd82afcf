import type { Entry, Place } from './document.ts';
import { ARTIFACT_KEYS, CACHE_KEYS, PRIMARY_ARTIFACT_KEYS, known } from './keys.ts';
import type { HostKey } from './keys.ts';
import type { ArtifactSpec, Buildspec } from './types.ts';

export function readArtifacts(entry: Entry | undefined, honours: readonly HostKey[]): Pick<Buildspec, 'artifacts' | 'secondaryArtifacts'> {
  if (entry === undefined || entry.value.empty) return { secondaryArtifacts: {} };
  const entries = known(entry.value, 'artifacts', PRIMARY_ARTIFACT_KEYS, honours);
  const secondaryArtifacts: Record<string, ArtifactSpec> = {};
  for (const { name, at, value } of entries.get('secondary-artifacts')?.value.entries('secondary-artifacts').values() ?? []) {
    secondaryArtifacts[name] = readArtifact(known(value, `the secondary artifact ${name}`, ARTIFACT_KEYS, honours), at);
  }
  const secondaryOnly = entries.get('files') === undefined && Object.keys(secondaryArtifacts).length > 0;
  return secondaryOnly ? { secondaryArtifacts } : { artifacts: readArtifact(entries, entry.at), secondaryArtifacts };
}

function readArtifact(entries: Map<string, Entry>, at: Place): ArtifactSpec {
  const files = entries.get('files')?.value.texts('a file of the artifact') ?? [];
  if (files.length === 0) throw (entries.get('files')?.at ?? at).fail('The artifact names no files', ["files, a list such as '**/*'"]);
  const excludePaths = entries.get('exclude-paths');
  const baseDirectory = optionalText(entries.get('base-directory'));
  const name = readLine(entries.get('name'), 'The name of an artifact');
  const s3Prefix = readLine(entries.get('s3-prefix'), 'The s3-prefix of an artifact');
  return {
    files,
    excludePaths: excludePaths === undefined || excludePaths.value.empty ? [] : excludePaths.value.texts('an excluded path'),
    discardPaths: truth(entries.get('discard-paths')),
    enableSymlinks: truth(entries.get('enable-symlinks')),
    ...(baseDirectory === undefined ? {} : { baseDirectory }),
    ...(s3Prefix === undefined ? {} : { s3Prefix }),
    ...(name === undefined ? {} : { name }),
  };
}

/** AWS: "Up to five fallback keys are supported". */
const MOST_FALLBACK_KEYS = 5;

export function readCache(entry: Entry | undefined, honours: readonly HostKey[]): Pick<Buildspec, 'cache'> {
  if (entry === undefined || entry.value.empty) return {};
  const entries = known(entry.value, 'cache', CACHE_KEYS, honours);
  const key = readLine(entries.get('key'), 'The key of the cache');
  const fallbacks = entries.get('fallback-keys')?.value;
  const fallbackKeys = fallbacks === undefined || fallbacks.empty ? [] : fallbacks.texts('a fallback key');
  if (fallbacks !== undefined && fallbackKeys.length > MOST_FALLBACK_KEYS) throw fallbacks.fail(`The cache has ${fallbackKeys.length} fallback keys`, [`up to ${MOST_FALLBACK_KEYS} keys`]);
  const paths = entries.get('paths')?.value;
  const action = entries.get('action');
  const does = optionalText(action);
  if (action !== undefined && does !== undefined && does !== 'restore' && does !== 'save') throw action.value.fail(`Unknown action "${does}" of the cache`, ['restore', 'save']);
  return {
    cache: {
      fallbackKeys,
      paths: paths === undefined || paths.empty ? [] : paths.texts('a path of the cache'),
      ...(key === undefined ? {} : { key }),
      ...(does === 'restore' || does === 'save' ? { action: does } : {}),
    },
  };
}

function truth(entry: Entry | undefined): boolean {
  return entry !== undefined && !entry.value.empty && entry.value.truth(entry.name);
}

function readLine(entry: Entry | undefined, what: string): string | undefined {
  const text = optionalText(entry);
  if (entry !== undefined && text !== undefined && /[\n\r\0]/.test(text)) throw entry.value.fail(`${what} must be one line`);
  return text;
}

export function optionalText(entry: Entry | undefined): string | undefined {
  return entry === undefined || entry.value.empty ? undefined : entry.value.text(entry.name);
}
