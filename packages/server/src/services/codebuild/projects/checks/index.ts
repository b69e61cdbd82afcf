import type { ProjectCache } from '@slipway/contracts/codebuild';
import type { Place } from '../../../../kernel/place.ts';
import { refuseMembers } from '../../../../kernel/refusals.ts';
import { defaultKeyArn } from '../../arns.ts';
import type { BuildDefinition, ProjectDefinition } from '../definition.ts';
import { notSupported } from '../../fail.ts';
import { maxAutoRetries, maxDescriptionLength, projectNamePattern, queuedTimeout, timeout } from '../../limits.ts';
import { checkArtifacts, checkLogs, checkSecondaryArtifacts } from './artifacts.ts';
import { checkEnvironment, checkVpc } from './environment.ts';
import { refuse } from './refuse.ts';
import { checkSecondarySources, checkSecondaryVersions, checkSource } from './sources.ts';

export function checkProjectName(name: string): void {
  if (!projectNamePattern.test(name)) refuse(`Invalid project name: ${name}. A project name has 2 to 150 letters, digits, hyphens and underscores, and begins with a letter or digit`);
}

/**
 * Refuses what AWS would refuse, and by name whatever this installation would otherwise have to ignore.
 * @throws ServiceError InvalidInputException
 */
export function checkDefinition(definition: BuildDefinition, place: Place, { fromPipeline = false } = {}): void {
  const { source, secondarySources = [], artifacts, logsConfig } = definition;
  if ((definition.description?.length ?? 0) > maxDescriptionLength) refuse(`Invalid project description: at most ${maxDescriptionLength} characters`);
  checkMinutes('timeout', definition.timeoutInMinutes, timeout);
  checkMinutes('queued timeout', definition.queuedTimeoutInMinutes, queuedTimeout);
  checkRetries(definition.autoRetryLimit);
  checkRole(definition.serviceRole);
  checkSource(source, 'source');
  checkSecondarySources(source, secondarySources, fromPipeline);
  checkSecondaryVersions(secondarySources, definition.secondarySourceVersions ?? []);
  checkArtifacts(artifacts);
  checkSecondaryArtifacts(artifacts, definition.secondaryArtifacts ?? [], fromPipeline);
  checkPairing(definition);
  checkEnvironment(definition.environment);
  checkVpc(definition.vpcConfig);
  checkCache(definition.cache);
  checkLogs(logsConfig);
  checkKey(definition.encryptionKey, place);
  refuseMembers(definition, ['badgeEnabled', 'fileSystemLocations', 'buildBatchConfig'], notSupported);
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

function checkPairing({ source, artifacts }: BuildDefinition): void {
  if ((source.type === 'CODEPIPELINE') !== (artifacts.type === 'CODEPIPELINE')) refuse('Source and artifacts must both be CODEPIPELINE or neither: a project of type CODEPIPELINE is used only by a pipeline');
}

function checkCache(cache: ProjectCache | undefined): void {
  if (cache?.type === 'S3' && !cache.location) refuse('A cache of type S3 needs a location: <bucket>/<prefix>');
  if (cache?.cacheNamespace && cache.type !== 'S3') refuse(`A cacheNamespace is for caches of type S3, not of type ${cache.type}`);
  if (cache?.cacheNamespace && !/^[\w.-]{1,255}$/.test(cache.cacheNamespace)) refuse(`Invalid cacheNamespace: ${cache.cacheNamespace}. It has 1 to 255 letters, digits, dots, hyphens and underscores`);
  if (cache?.type === 'LOCAL' && (cache.modes ?? []).length === 0) refuse('A cache of type LOCAL needs modes: LOCAL_SOURCE_CACHE, LOCAL_CUSTOM_CACHE or both');
  if (cache && cache.type !== 'LOCAL' && (cache.modes ?? []).length > 0) refuse(`The modes of a cache are for the type LOCAL, not for ${cache.type}`);
  if (cache?.modes?.includes('LOCAL_DOCKER_LAYER_CACHE')) throw notSupported("The cache mode LOCAL_DOCKER_LAYER_CACHE (a build's own Docker ends with its container; LOCAL_CUSTOM_CACHE keeps what `docker buildx build --cache-to type=local` writes)");
}

/** The CDK names S3's default key on every project; everything stored is encrypted with the installation's own. */
function checkKey(key: string | undefined, place: Place): void {
  if (key && key !== 'alias/aws/s3' && key !== defaultKeyArn(place)) throw notSupported(`The encryptionKey ${key} (supported are alias/aws/s3 and ${defaultKeyArn(place)})`);
}
