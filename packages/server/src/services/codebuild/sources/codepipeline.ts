import { isS3Arn, s3Arn, s3Place } from '../buckets.ts';
import { s3Objects } from './s3-objects.ts';
import { SourceError, type SourceDeps, type SourceKind } from './source.ts';

/** S3 user metadata by which a pipeline's artifact says which revision it is of. */
const revisionMetadata = 'codepipeline-artifact-revision-id';

/** An input artifact of a pipeline's action: the source version is the ARN of the archive in the artifact store. */
export function codePipelineSource(deps: Pick<SourceDeps, 'peers'>): SourceKind {
  const objects = s3Objects(deps);
  return {
    path: () => '',

    async fetch(request) {
      const location = isS3Arn(request.version) ? request.version : request.source.location;
      if (location === undefined) throw new SourceError('the pipeline gave no input artifact');
      const at = s3Place(location);
      const { Metadata } = await objects.archive(request, at);
      // A version that is no place in S3 is the revision itself, its artifact's place being the source's location.
      const resolvedVersion = Metadata?.[revisionMetadata] ?? (isS3Arn(request.version) ? undefined : request.version);
      return { version: s3Arn(at), ...(resolvedVersion === undefined ? {} : { resolvedVersion }) };
    },
  };
}
