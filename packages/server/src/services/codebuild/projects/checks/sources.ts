import type { ProjectSource, ProjectSourceVersion } from '@slipway/contracts/codebuild';
import { refuseMembers } from '../../../../kernel/refusals.ts';
import { notSupported } from '../../fail.ts';
import { identifierPattern, maxSecondarySources, pipelineIdentifierPattern } from '../../limits.ts';
import { gitUrlTypes, repositoryUrl } from '../../sources/index.ts';
import { checkDistinct, refuse } from './refuse.ts';

export const isGitUrl = (type: string): boolean => (gitUrlTypes as readonly string[]).includes(type);
const isGit = (type: string): boolean => type === 'CODECOMMIT' || isGitUrl(type);

/** `what`: how refusals call it. */
export function checkSource(source: ProjectSource, what: string): void {
  const { type, location, auth, gitCloneDepth = 0, gitSubmodulesConfig, insecureSsl } = source;
  checkLocation(source, what);
  if (type === 'NO_SOURCE' && !source.buildspec) refuse('If the source type is NO_SOURCE, a buildspec must be given inline');
  if (type === 'NO_SOURCE' && location) refuse(`The ${what} type NO_SOURCE has no location: ${location}`);
  refuseMembers(source, ['reportBuildStatus', 'buildStatusConfig'], (name) => notSupported(`The ${what}'s ${name}`));
  if (auth) checkAuth(source, what);
  if (insecureSsl && !isGitUrl(type)) refuse(`insecureSsl is of no use for the ${what} type ${type}`);
  if (gitSubmodulesConfig?.fetchSubmodules && !isGit(type)) refuse(`The ${what} type ${type} has no submodules`);
  if (gitCloneDepth < 0) refuse(`Invalid gitCloneDepth of the ${what}: ${gitCloneDepth}. It is a number of commits, or 0 for all of them`);
  if (gitCloneDepth > 0 && !isGit(type)) refuse(`The ${what} type ${type} has no gitCloneDepth: it is no git repository`);
}

function checkLocation({ type, location }: ProjectSource, what: string): void {
  if (isGitUrl(type) && !repositoryUrl(type, location ?? '')) refuse(`Invalid ${what} location for type ${type}: ${location ?? 'none'}. It must be the https URL of a repository, without credentials`);
  if ((type === 'CODECOMMIT' || type === 'S3') && !location) refuse(`Project ${what} location is required for type ${type}`);
  if (type === 'S3' && !/^(arn:[^:]*:s3:::)?[a-z0-9][a-z0-9.-]+\/.+/.test(location ?? '')) refuse(`Invalid S3 ${what} location ${location}: it must be <bucket>/<key>`);
}

/** OAUTH is what the console writes for a provider's stored credentials. */
function checkAuth({ auth, type }: ProjectSource, what: string): void {
  if (!isGitUrl(type)) refuse(`The ${what} type ${type} takes no auth: the service role is what counts`);
  if (auth?.type === 'CODECONNECTIONS') throw notSupported(`The auth type CODECONNECTIONS of the ${what}`);
  if (auth?.type === 'SECRETS_MANAGER' && !auth.resource) refuse(`The auth type SECRETS_MANAGER of the ${what} needs the secret's ARN as its resource`);
}

/** `fromPipeline`: they are an action's further input artifacts, which no project can name itself. */
export function checkSecondarySources(primary: ProjectSource, sources: readonly ProjectSource[], fromPipeline: boolean): void {
  if (sources.length > maxSecondarySources) refuse(`At most ${maxSecondarySources} secondary sources are allowed`);
  if (primary.type === 'CODEPIPELINE' && sources.length > 0 && !fromPipeline) refuse("A project whose source is CODEPIPELINE has no secondary sources of its own: they are the action's further input artifacts");
  for (const source of sources) {
    const { sourceIdentifier: identifier = '', type } = source;
    const pattern = type === 'CODEPIPELINE' ? pipelineIdentifierPattern : identifierPattern;
    if (!pattern.test(identifier)) refuse(`Secondary sources need a sourceIdentifier of letters, digits and underscores, fewer than 128: '${identifier}'`);
    if (type === 'NO_SOURCE' || (type === 'CODEPIPELINE' && !fromPipeline)) refuse(`The type ${type} is not allowed for the secondary source ${identifier}`);
    checkSource(source, 'secondary source');
  }
  checkDistinct('sourceIdentifier', sources.map(({ sourceIdentifier = '' }) => sourceIdentifier));
}

export function checkSecondaryVersions(sources: readonly ProjectSource[], versions: readonly ProjectSourceVersion[]): void {
  if (versions.length > maxSecondarySources) refuse(`At most ${maxSecondarySources} secondary source versions are allowed`);
  const known = new Set(sources.map(({ sourceIdentifier }) => sourceIdentifier));
  const unknown = versions.find(({ sourceIdentifier }) => !known.has(sourceIdentifier));
  if (unknown) refuse(`The secondary source version ${unknown.sourceVersion} is for the sourceIdentifier ${unknown.sourceIdentifier}, which no secondary source has`);
  checkDistinct('sourceIdentifier of the secondary source versions', versions.map(({ sourceIdentifier }) => sourceIdentifier));
}
