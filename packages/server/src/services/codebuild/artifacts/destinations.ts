import type { CollectedArtifact } from '@slipway/builder';
import type { ProjectArtifacts } from '@slipway/contracts/codebuild';
import { s3Place } from '../buckets.ts';
import { uuidOf, type StoredBuild } from '../builds/build.ts';

/** Where one collected artifact goes. */
export interface Destination {
  readonly bucket: string;
  /** The archive's key, or what stands before the files' paths. */
  readonly key: string;
  readonly zip: boolean;
  readonly settings: ProjectArtifacts;
}

/** A destination with what goes there; or a destination that the buildspec has nothing for, or the other way round. */
export interface Pairing {
  readonly settings?: ProjectArtifacts;
  readonly collected?: CollectedArtifact;
}

/**
 * Which of the buildspec's artifacts goes where: the main one to the project's artifacts, the others by identifier. In a
 * pipeline an action's only output may also be one of the buildspec's secondary artifacts, by its name.
 */
export function pairings({ definition }: StoredBuild, collected: readonly CollectedArtifact[]): Pairing[] {
  const left = new Set(collected);
  const take = (identifier: string | null): CollectedArtifact | undefined => {
    const found = [...left].find((artifact) => artifact.identifier === identifier);
    if (found) left.delete(found);
    return found;
  };
  const main = definition.artifacts;
  const wanted: Pairing[] = [];
  if (isWanted(main)) {
    const artifact = (main.artifactIdentifier === undefined ? undefined : take(main.artifactIdentifier)) ?? take(null);
    wanted.push({ settings: main, ...(artifact ? { collected: artifact } : {}) });
  }
  for (const settings of (definition.secondaryArtifacts ?? []).filter(isWanted)) {
    const artifact = take(settings.artifactIdentifier ?? '');
    wanted.push({ settings, ...(artifact ? { collected: artifact } : {}) });
  }
  return [...wanted, ...[...left].map((artifact) => ({ collected: artifact }))];
}

/** NO_ARTIFACTS, and a pipeline's action without outputs, want nothing. */
const isWanted = ({ type, location }: ProjectArtifacts): boolean => type !== 'NO_ARTIFACTS' && location !== undefined;

/** Whether anything is to be collected at all. */
export const wantsArtifacts = ({ definition }: StoredBuild): boolean => [definition.artifacts, ...(definition.secondaryArtifacts ?? [])].some(isWanted);

/**
 * AWS's layout: path / build id, with namespaceType BUILD_ID / name. The buildspec's name counts only with
 * overrideArtifactName; the project's own name is the default; a name may hold folders, `/` stands for none. Its s3-prefix
 * stands in place of the path where the namespace is the build's id.
 */
export function destination(build: StoredBuild, settings: ProjectArtifacts, named: string | undefined, s3Prefix?: string): Destination {
  const { bucket } = s3Place(settings.location ?? '');
  if (settings.type === 'CODEPIPELINE') return { bucket, key: joined([settings.path, settings.name]), zip: true, settings };
  const name = (settings.overrideArtifactName ? named : undefined) ?? settings.name ?? build.project;
  const zip = settings.packaging === 'ZIP';
  const namespace = settings.namespaceType === 'BUILD_ID' ? uuidOf(build.id) : undefined;
  // An archive needs a name of its own.
  const last = name === '/' ? (zip ? build.project : undefined) : name;
  return { bucket, key: joined([namespace !== undefined && s3Prefix ? s3Prefix : settings.path, namespace, last]), zip, settings };
}

const joined = (parts: readonly (string | undefined)[]): string =>
  parts.flatMap((part) => (part ?? '').split('/')).filter((part) => part !== '').join('/');
