import { computeLimits } from '@slipway/builder';
import type { BucketOwnerAccess, CreateProjectInput, Project, ProjectCache, ProjectArtifacts, ProjectEnvironment, ProjectSource, StartBuildInput } from '@slipway/contracts/codebuild';
import { refuseMembers } from '../../kernel/refusals.ts';
import { fail, notSupported } from './fail.ts';
import { gitUrlTypes, repositoryUrl } from './sources/index.ts';
import { maxAutoRetries, maxDescriptionLength, maxSecondarySources, projectNamePattern, queuedTimeout, timeout, variableNamePattern } from './limits.ts';

/** What a project says, as CreateProject took it; its name, times and tags are kept beside it. */
export type ProjectDefinition = Omit<CreateProjectInput, 'name' | 'tags'>;

/** The settings that one build runs with. */
export interface BuildDefinition extends ProjectDefinition {
  /** Hosts (and ports) that the project's own sources name: imported credentials go to no other, whatever StartBuild overrides. */
  readonly sourceHosts?: readonly string[];
}

const refuse = (message: string): never => {
  throw fail('InvalidInputException', message);
};

export function checkProjectName(name: string): void {
  if (!projectNamePattern.test(name)) refuse(`Invalid project name: ${name}. A project name has 2 to 255 letters, digits, hyphens and underscores, and begins with a letter or digit`);
}

/**
 * Refuses what AWS would refuse, and by name whatever this installation would otherwise have to ignore.
 * @throws ServiceError InvalidInputException
 */
export function checkDefinition(definition: BuildDefinition): void {
  if ((definition.description?.length ?? 0) > maxDescriptionLength) refuse(`Invalid project description: at most ${maxDescriptionLength} characters`);
  checkMinutes('timeout', definition.timeoutInMinutes, timeout);
  checkMinutes('queued timeout', definition.queuedTimeoutInMinutes, queuedTimeout);
  checkRetries(definition.autoRetryLimit);
  checkRole(definition.serviceRole);
  checkSource(definition.source, 'source');
  checkSecondarySources(definition.secondarySources ?? []);
  checkArtifacts(definition.artifacts);
  for (const artifacts of definition.secondaryArtifacts ?? []) checkSecondary(artifacts);
  checkPairing(definition);
  checkEnvironment(definition.environment);
  checkUnsupported(definition);
}

function checkMinutes(what: string, minutes: number | undefined, limit: { least: number; most: number }): void {
  if (minutes !== undefined && (minutes < limit.least || minutes > limit.most)) refuse(`Invalid ${what}: ${minutes} minutes. It must be between ${limit.least} and ${limit.most}`);
}

function checkRetries(limit: number | undefined): void {
  if (limit !== undefined && (limit < 0 || limit > maxAutoRetries)) refuse(`Invalid auto retry limit: ${limit}. It must be between 0 and ${maxAutoRetries}`);
}

/**
 * A project's own limit of builds at once; -1 is how clients take one away.
 * @throws ServiceError InvalidInputException
 */
export function checkConcurrency({ concurrentBuildLimit: limit }: Partial<ProjectDefinition>, most: number): void {
  if (limit !== undefined && limit !== -1 && (limit < 1 || limit > most)) refuse(`Invalid concurrent build limit: ${limit}. It must be between 1 and ${most}, the limit of concurrently running builds of the account`);
}

function checkRole(role: string): void {
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(role)) refuse(`Invalid service role: ${role} is not the ARN of a role`);
}

function checkSource(source: ProjectSource, what: string): void {
  const byUrl = (gitUrlTypes as readonly string[]).includes(source.type);
  if (byUrl && !repositoryUrl(source.type, source.location ?? '')) refuse(`Invalid ${what} location for type ${source.type}: ${source.location ?? 'none'}. It must be the https URL of a repository, without credentials`);
  checkAuth(source, what, byUrl);
  if ((source.type === 'CODECOMMIT' || source.type === 'S3') && !source.location) refuse(`Project ${what} location is required for type ${source.type}`);
  if (source.type === 'S3' && !/^[^/]+\/.+/.test(source.location!.replace(/^arn:aws:s3:::/, ''))) refuse(`Invalid S3 ${what} location ${source.location}: it must be <bucket>/<key>`);
  if (source.type === 'NO_SOURCE' && !source.buildspec) refuse('If the source type is NO_SOURCE, a buildspec must be given inline');
  refuseMembers(source, ['reportBuildStatus', 'buildStatusConfig'], (name) => notSupported(`The ${what}'s ${name}`));
  if (source.insecureSsl && !byUrl) refuse(`insecureSsl is of no use for the ${what} type ${source.type}`);
  if (source.gitSubmodulesConfig?.fetchSubmodules && !byUrl && source.type !== 'CODECOMMIT') refuse(`The ${what} type ${source.type} has no submodules`);
  if ((source.gitCloneDepth ?? 0) < 0) refuse(`Invalid gitCloneDepth of the ${what}: ${source.gitCloneDepth}`);
}

function checkSecondarySources(sources: readonly ProjectSource[]): void {
  if (sources.length > maxSecondarySources) refuse(`At most ${maxSecondarySources} secondary sources are allowed`);
  const identifiers = new Set<string>();
  for (const source of sources) {
    const { sourceIdentifier: identifier = '' } = source;
    // A pipeline's sources have their artifacts' names, in which hyphens are allowed.
    if (!/^[\w-]{1,128}$/.test(identifier)) refuse(`Secondary sources need a sourceIdentifier of letters, digits and underscores: '${identifier}'`);
    if (identifiers.has(identifier)) refuse(`The sourceIdentifier ${identifier} is given twice`);
    identifiers.add(identifier);
    checkSource(source, 'secondary source');
  }
}

/** OAUTH is what the console writes for a provider's stored credentials. */
function checkAuth({ auth, type }: ProjectSource, what: string, byUrl: boolean): void {
  if (!auth) return;
  if (!byUrl) refuse(`The ${what} type ${type} takes no auth: the service role is what counts`);
  if (auth.type === 'CODECONNECTIONS') throw notSupported(`The auth type CODECONNECTIONS of the ${what}`);
  if (auth.type === 'SECRETS_MANAGER' && !auth.resource) refuse(`The auth type SECRETS_MANAGER of the ${what} needs the secret's ARN as its resource`);
}

function checkArtifacts(artifacts: ProjectArtifacts): void {
  if (artifacts.type === 'S3' && !artifacts.location) refuse('Project artifacts location is required for type S3');
  checkOwnerAccess(artifacts.bucketOwnerAccess);
}

/** The owner of a bucket owns all of its objects here, so nothing less than FULL can be given. */
function checkOwnerAccess(access: BucketOwnerAccess | undefined): void {
  if (access === 'READ_ONLY') throw notSupported('bucketOwnerAccess READ_ONLY');
}

function checkSecondary(artifacts: ProjectArtifacts): void {
  if (!artifacts.artifactIdentifier) refuse('Secondary artifacts need an artifactIdentifier');
  checkArtifacts(artifacts);
}

function checkPairing({ source, artifacts }: BuildDefinition): void {
  if ((source.type === 'CODEPIPELINE') !== (artifacts.type === 'CODEPIPELINE')) refuse('Source and artifacts must both be CODEPIPELINE or neither: a project of type CODEPIPELINE is used only by a pipeline');
}

function checkEnvironment(environment: ProjectEnvironment): void {
  if (environment.type !== 'LINUX_CONTAINER') throw notSupported(`The environment type ${environment.type} (supported is LINUX_CONTAINER)`);
  // Nobody knows what to grant to another one, and a build without limits has more than any of these.
  if (computeLimits(environment.computeType) === undefined) throw notSupported(`The compute type ${environment.computeType}`);
  refuseMembers(environment, ['fleet'], (name) => notSupported(`The environment ${name}`));
  refuseMembers(environment, ['computeConfiguration', 'dockerServer', 'hostKernel'], notSupported);
  if (environment.certificate && !/^(arn:[^:]*:s3:::)?[^/]+\/.+/.test(environment.certificate)) refuse(`Invalid certificate: ${environment.certificate}. It must be the ARN of an object in S3`);
  checkRegistry(environment);
  for (const variable of environment.environmentVariables ?? []) {
    if (!variableNamePattern.test(variable.name)) refuse(`Invalid environment variable name: '${variable.name}'`);
  }
}

function checkRegistry({ image, imagePullCredentialsType, registryCredential }: ProjectEnvironment): void {
  if (/[\s\0]|^-/.test(image) || image === '') refuse(`Invalid image: ${JSON.stringify(image)}`);
  if (registryCredential === undefined) return;
  if (imagePullCredentialsType !== 'SERVICE_ROLE') refuse('A registryCredential requires imagePullCredentialsType SERVICE_ROLE: it is read as the service role');
  if (registryCredential.credentialProvider !== 'SECRETS_MANAGER') refuse(`Invalid credentialProvider: ${registryCredential.credentialProvider}`);
}

function checkCache(cache: ProjectCache | undefined): void {
  if (cache?.type === 'S3' && !cache.location) refuse('A cache of type S3 needs a location: <bucket>/<prefix>');
  if (cache?.cacheNamespace && !/^[\w.-]{1,255}$/.test(cache.cacheNamespace)) refuse(`Invalid cacheNamespace: ${cache.cacheNamespace}`);
  if (cache?.type === 'LOCAL' && (cache.modes ?? []).length === 0) refuse('A cache of type LOCAL needs modes');
  if (cache?.modes?.includes('LOCAL_DOCKER_LAYER_CACHE')) throw notSupported("The cache mode LOCAL_DOCKER_LAYER_CACHE (a build's own Docker ends with its container; LOCAL_CUSTOM_CACHE keeps what `docker buildx build --cache-to type=local` writes)");
}

function checkUnsupported(definition: BuildDefinition): void {
  checkCache(definition.cache);
  refuseMembers(definition, ['badgeEnabled', 'fileSystemLocations', 'buildBatchConfig'], notSupported);
  // The CDK names S3's default key on every project; everything stored is encrypted with the installation's own.
  if (definition.encryptionKey && !definition.encryptionKey.endsWith('alias/aws/s3')) throw notSupported(`The encryptionKey ${definition.encryptionKey} (supported is alias/aws/s3)`);
  const s3Logs = definition.logsConfig?.s3Logs;
  if (s3Logs?.status === 'ENABLED' && !s3Logs.location) refuse('logsConfig.s3Logs needs a location: <bucket>/<path>');
  checkOwnerAccess(s3Logs?.bucketOwnerAccess);
}

/** UpdateProject replaces what it names and leaves the rest. */
export function withChanges(definition: ProjectDefinition, changes: Partial<ProjectDefinition>): ProjectDefinition {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  return withoutRemoved({ ...definition, ...Object.fromEntries(named) });
}

/** A limit of -1 is none. */
export function withoutRemoved(definition: ProjectDefinition): ProjectDefinition {
  const { concurrentBuildLimit, ...rest } = definition;
  return concurrentBuildLimit === undefined || concurrentBuildLimit === -1 ? rest : definition;
}

const OVERRIDES_NOT_HONOURED = [
  'fleetOverride', 'hostKernelOverride', 'debugSessionEnabled', 'buildStatusConfigOverride',
] as const;

/**
 * The project under StartBuild's overrides.
 * @throws ServiceError InvalidInputException for an override that is not supported, by name.
 */
export function withOverrides(project: ProjectDefinition, input: StartBuildInput): BuildDefinition {
  refuseMembers(input, OVERRIDES_NOT_HONOURED, notSupported);
  const { source, environment } = project;
  return {
    ...project,
    sourceHosts: hostsOf(project),
    sourceVersion: input.sourceVersion ?? project.sourceVersion,
    source: {
      ...source,
      type: input.sourceTypeOverride ?? source.type,
      location: input.sourceLocationOverride ?? source.location,
      auth: input.sourceAuthOverride ?? source.auth,
      buildspec: input.buildspecOverride ?? source.buildspec,
      gitCloneDepth: input.gitCloneDepthOverride ?? source.gitCloneDepth,
      gitSubmodulesConfig: input.gitSubmodulesConfigOverride ?? source.gitSubmodulesConfig,
      insecureSsl: input.insecureSslOverride ?? source.insecureSsl,
      reportBuildStatus: input.reportBuildStatusOverride ?? source.reportBuildStatus,
    },
    secondarySources: input.secondarySourcesOverride ?? project.secondarySources,
    secondarySourceVersions: input.secondarySourcesVersionOverride ?? project.secondarySourceVersions,
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

function hostsOf({ source, secondarySources = [] }: ProjectDefinition): string[] {
  return [source, ...secondarySources].flatMap(({ location = '' }) => (URL.canParse(location) ? [new URL(location).host] : []));
}

/** A pipeline takes a project of any type over: what comes in and goes out are the action's artifacts, the rest is the project's. */
export function takenOverByPipeline(definition: BuildDefinition, input: StartBuildInput): BuildDefinition {
  return {
    ...definition,
    source: { ...definition.source, type: 'CODEPIPELINE', location: input.sourceLocationOverride },
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

/** A project as BatchGetProjects shows it, defaults filled in. */
export function shownDefinition(definition: ProjectDefinition): Partial<Project> {
  return {
    ...definition,
    timeoutInMinutes: definition.timeoutInMinutes ?? timeout.default,
    queuedTimeoutInMinutes: definition.queuedTimeoutInMinutes ?? queuedTimeout.default,
    cache: definition.cache ?? { type: 'NO_CACHE' },
    encryptionKey: definition.encryptionKey,
    badge: { badgeEnabled: false },
    projectVisibility: 'PRIVATE',
  } as Partial<Project>;
}
