import { s3Place } from '../buckets.ts';
import { s3Objects } from './s3-objects.ts';
import { SourceError, type SourceDeps, type SourceKind } from './source.ts';

/** An archive in a bucket, at a version if one is asked for; or a folder of objects when the location ends with `/`. */
export function s3Source(deps: Pick<SourceDeps, 'peers'>): SourceKind {
  const objects = s3Objects(deps);
  return {
    path: () => '',

    async fetch(request) {
      const at = s3Place(request.source.location ?? '');
      const isFolder = at.key.endsWith('/');
      if (isFolder && request.version) throw new SourceError(`${at.bucket}/${at.key} is a folder: a source version is the version id of an archive`);
      if (isFolder) await objects.prefix(request, at);
      else await objects.archive(request, { ...at, versionId: request.version });
      return { repositoryUrl: `s3://${at.bucket}/${at.key}` };
    },
  };
}
