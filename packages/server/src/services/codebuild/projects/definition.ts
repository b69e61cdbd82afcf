import type { CreateProjectInput, Project, ProjectEnvironment, ProjectSource, ProjectSourceVersion } from '@slipway/contracts/codebuild';
import type { Place } from '../../../kernel/place.ts';
import { isAskedFor } from '../../../kernel/refusals.ts';
import { defaultKeyArn } from '../arns.ts';
import { queuedTimeout, timeout } from '../limits.ts';

/** What a project says, as CreateProject took it; its name, times and tags are kept beside it. */
export type ProjectDefinition = Omit<CreateProjectInput, 'name' | 'tags'>;

/** The settings that one build runs with. */
export interface BuildDefinition extends ProjectDefinition {
  /** Hosts (and ports) that the project's own sources name: imported credentials go to no other, whatever StartBuild overrides. */
  readonly sourceHosts?: readonly string[];
  /** The image that the project's own registryCredential is for, where StartBuild brings none: it goes to no other registry. */
  readonly credentialImage?: string;
}

/** UpdateProject replaces what it names and leaves the rest. */
export function withChanges(definition: ProjectDefinition, changes: Partial<ProjectDefinition>): ProjectDefinition {
  const named = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const changed: ProjectDefinition = { ...definition, ...named };
  const versions = changes.secondarySourceVersions ?? versionsOf(changed.secondarySources, definition.secondarySourceVersions);
  return withoutRemoved({ ...changed, ...(versions === undefined ? {} : { secondarySourceVersions: versions }) });
}

/** What is said anew for the sources leaves versions behind that are nobody's. */
export function versionsOf(sources: readonly ProjectSource[] = [], versions: readonly ProjectSourceVersion[] | undefined): ProjectSourceVersion[] | undefined {
  const known = new Set(sources.map(({ sourceIdentifier }) => sourceIdentifier));
  return versions?.filter(({ sourceIdentifier }) => known.has(sourceIdentifier));
}

/** A limit of -1 is none, and clients take other settings away by emptying them. */
export function withoutRemoved(definition: ProjectDefinition): ProjectDefinition {
  const { concurrentBuildLimit, description, sourceVersion, encryptionKey, vpcConfig, ...rest } = definition;
  const kept = Object.entries({ description, sourceVersion, encryptionKey, vpcConfig }).filter(([, value]) => isAskedFor(value));
  return { ...rest, ...Object.fromEntries(kept), ...(concurrentBuildLimit === undefined || concurrentBuildLimit === -1 ? {} : { concurrentBuildLimit }) };
}

/** A project as BatchGetProjects shows it, defaults filled in. */
export function shownDefinition(definition: ProjectDefinition, place: Place): Partial<Project> {
  return {
    ...definition,
    environment: shownEnvironment(definition.environment),
    secondarySources: definition.secondarySources ?? [],
    secondarySourceVersions: definition.secondarySourceVersions ?? [],
    secondaryArtifacts: definition.secondaryArtifacts ?? [],
    timeoutInMinutes: definition.timeoutInMinutes ?? timeout.default,
    queuedTimeoutInMinutes: definition.queuedTimeoutInMinutes ?? queuedTimeout.default,
    cache: definition.cache ?? { type: 'NO_CACHE' },
    encryptionKey: definition.encryptionKey ?? defaultKeyArn(place),
    badge: { badgeEnabled: false },
    projectVisibility: 'PRIVATE',
  };
}

/** With the defaults that AWS fills in. */
export const shownEnvironment = (environment: ProjectEnvironment): ProjectEnvironment => ({
  ...environment,
  environmentVariables: (environment.environmentVariables ?? []).map((variable) => ({ ...variable, type: variable.type ?? 'PLAINTEXT' })),
  privilegedMode: environment.privilegedMode ?? false,
  imagePullCredentialsType: environment.imagePullCredentialsType ?? 'CODEBUILD',
});
