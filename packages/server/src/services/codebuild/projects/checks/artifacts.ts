import type { BucketOwnerAccess, LogsConfig, ProjectArtifacts } from '@slipway/contracts/codebuild';
import { notSupported } from '../../fail.ts';
import { identifierPattern, maxSecondaryArtifacts, pipelineIdentifierPattern } from '../../limits.ts';
import { checkDistinct, refuse } from './refuse.ts';

/**
 * `encryptionDisabled` is taken and shown: on AWS it leaves out the KMS key, and S3 encrypts with its own, as it does
 * here with or without it.
 */
export function checkArtifacts({ type, location, bucketOwnerAccess }: ProjectArtifacts): void {
  if (type === 'S3' && !location) refuse('Project artifacts location is required for type S3');
  if (type === 'S3' && !/^(arn:[^:]*:s3:::)?[a-z0-9][a-z0-9.-]+$/.test(location ?? '')) refuse(`Invalid artifacts location ${location}: it must be the name of a bucket; folders in it are the path's to say`);
  checkOwnerAccess(bucketOwnerAccess);
}

/** The owner of a bucket owns all of its objects here, so nothing less than FULL can be given. */
function checkOwnerAccess(access: BucketOwnerAccess | undefined): void {
  if (access === 'READ_ONLY') throw notSupported('bucketOwnerAccess READ_ONLY');
}

/** `fromPipeline`: they are an action's further output artifacts, which no project can name itself. */
export function checkSecondaryArtifacts(primary: ProjectArtifacts, secondary: readonly ProjectArtifacts[], fromPipeline: boolean): void {
  if (secondary.length > maxSecondaryArtifacts) refuse(`At most ${maxSecondaryArtifacts} secondary artifacts are allowed`);
  if (primary.type === 'CODEPIPELINE' && secondary.length > 0 && !fromPipeline) refuse("A project whose artifacts are CODEPIPELINE has no secondary artifacts of its own: they are the action's further output artifacts");
  for (const artifacts of secondary) {
    const { artifactIdentifier: identifier = '', type } = artifacts;
    const pattern = type === 'CODEPIPELINE' ? pipelineIdentifierPattern : identifierPattern;
    if (!pattern.test(identifier)) refuse(`Secondary artifacts need an artifactIdentifier of letters, digits and underscores, fewer than 128: '${identifier}'`);
    if (type === 'NO_ARTIFACTS' || (type === 'CODEPIPELINE' && !fromPipeline)) refuse(`The type ${type} is not allowed for the secondary artifacts ${identifier}`);
    checkArtifacts(artifacts);
  }
  checkDistinct('artifactIdentifier', [primary, ...secondary].flatMap(({ artifactIdentifier }) => artifactIdentifier ?? []));
}

export function checkLogs(logs: LogsConfig | undefined): void {
  const s3Logs = logs?.s3Logs;
  if (s3Logs?.status === 'ENABLED' && !s3Logs.location) refuse('logsConfig.s3Logs needs a location: <bucket>/<path>');
  checkOwnerAccess(s3Logs?.bucketOwnerAccess);
}
