import type { ProjectEnvironment, ProjectSource, StartBuildInput } from '@slipway/contracts/codebuild';
import { refuseMembers } from '../../../kernel/refusals.ts';
import { isGitUrl } from './checks/sources.ts';
import { versionsOf, type BuildDefinition, type ProjectDefinition } from './definition.ts';
import { notSupported } from '../fail.ts';
import { queuedTimeout, timeout } from '../limits.ts';

const NOT_HONOURED = ['fleetOverride', 'hostKernelOverride', 'debugSessionEnabled', 'buildStatusConfigOverride'] as const;

/**
 * The project under StartBuild's overrides.
 * @throws ServiceError InvalidInputException for an override that is not supported, by name.
 */
export function withOverrides(project: ProjectDefinition, input: StartBuildInput): BuildDefinition {
  refuseMembers(input, NOT_HONOURED, notSupported);
  const { source, environment } = project;
  const secondarySources = input.secondarySourcesOverride ?? project.secondarySources;
  const sameKind = input.sourceTypeOverride === undefined || input.sourceTypeOverride === source.type || (isGitUrl(input.sourceTypeOverride) && isGitUrl(source.type));
  return {
    ...project,
    sourceHosts: hostsOf(project),
    ...(environment.registryCredential !== undefined && input.registryCredentialOverride === undefined ? { credentialImage: environment.image } : {}),
    sourceVersion: input.sourceVersion || (sameKind ? project.sourceVersion : undefined),
    source: overriddenSource(source, input, sameKind),
    secondarySources,
    secondarySourceVersions: input.secondarySourcesVersionOverride ?? versionsOf(secondarySources, project.secondarySourceVersions),
    artifacts: input.artifactsOverride ?? project.artifacts,
    secondaryArtifacts: input.secondaryArtifactsOverride ?? project.secondaryArtifacts,
    environment: {
      ...environment,
      type: input.environmentTypeOverride ?? environment.type,
      image: input.imageOverride ?? environment.image,
      computeType: input.computeTypeOverride ?? environment.computeType,
      privilegedMode: input.privilegedModeOverride ?? environment.privilegedMode,
      imagePullCredentialsType: input.imagePullCredentialsTypeOverride ?? environment.imagePullCredentialsType,
      certificate: input.certificateOverride ?? environment.certificate,
      registryCredential: input.registryCredentialOverride ?? environment.registryCredential,
      environmentVariables: mergedVariables(environment.environmentVariables ?? [], input.environmentVariablesOverride ?? []),
    },
    cache: input.cacheOverride ?? project.cache,
    serviceRole: input.serviceRoleOverride ?? project.serviceRole,
    timeoutInMinutes: input.timeoutInMinutesOverride ?? project.timeoutInMinutes ?? timeout.default,
    queuedTimeoutInMinutes: input.queuedTimeoutInMinutesOverride ?? project.queuedTimeoutInMinutes ?? queuedTimeout.default,
    encryptionKey: input.encryptionKeyOverride ?? project.encryptionKey,
    logsConfig: input.logsConfigOverride ?? project.logsConfig,
    autoRetryLimit: input.autoRetryLimitOverride ?? project.autoRetryLimit,
  };
}

/** A source of another type takes over the buildspec alone: depth, submodules, sign-in and place are the repository's that it was. */
function overriddenSource(source: ProjectSource, input: StartBuildInput, sameKind: boolean): ProjectSource {
  const type = input.sourceTypeOverride ?? source.type;
  const { location, buildspec, sourceIdentifier } = source;
  const inherited: Partial<ProjectSource> = type === source.type ? source : { buildspec, sourceIdentifier, ...(sameKind ? { location } : {}) };
  return {
    ...inherited,
    type,
    location: input.sourceLocationOverride ?? inherited.location,
    auth: input.sourceAuthOverride ?? inherited.auth,
    buildspec: input.buildspecOverride ?? inherited.buildspec,
    gitCloneDepth: input.gitCloneDepthOverride ?? inherited.gitCloneDepth,
    gitSubmodulesConfig: input.gitSubmodulesConfigOverride ?? inherited.gitSubmodulesConfig,
    insecureSsl: input.insecureSslOverride ?? inherited.insecureSsl,
    reportBuildStatus: input.reportBuildStatusOverride ?? inherited.reportBuildStatus,
  };
}

function hostsOf({ source, secondarySources = [] }: ProjectDefinition): string[] {
  return [source, ...secondarySources].flatMap(({ location = '' }) => (URL.canParse(location) ? [new URL(location).host] : []));
}

/**
 * A pipeline takes a project of any type over: what comes in and goes out are the action's artifacts, the rest is the
 * project's. What the project says of its own repository is of no use to an archive.
 */
export function takenOverByPipeline(definition: BuildDefinition, input: StartBuildInput): BuildDefinition {
  return {
    ...definition,
    sourceVersion: input.sourceVersion,
    source: { type: 'CODEPIPELINE', location: input.sourceLocationOverride, buildspec: definition.source.buildspec },
    secondarySources: input.secondarySourcesOverride ?? [],
    secondarySourceVersions: input.secondarySourcesVersionOverride ?? [],
    artifacts: input.artifactsOverride ?? { type: 'CODEPIPELINE' },
    secondaryArtifacts: input.secondaryArtifactsOverride ?? [],
  };
}

type Variables = NonNullable<ProjectEnvironment['environmentVariables']>;

function mergedVariables(project: Variables, overrides: Variables): Variables {
  const byName = new Map(project.map((variable) => [variable.name, variable]));
  for (const variable of overrides) byName.set(variable.name, variable);
  return [...byName.values()];
}
