import type { RevisionLocation } from '@slipway/contracts/codedeploy';
import { fail } from './fail.ts';

/** Bundles that an agent here unpacks. */
const BUNDLES: readonly string[] = ['tar', 'tgz', 'zip'];

/** A revision that can be deployed: a bundle in S3. */
export function checkRevision(revision: RevisionLocation | undefined): RevisionLocation {
  if (revision === undefined) throw fail('RevisionRequiredException', 'The revision is required.');
  if (revision.revisionType !== 'S3') throw fail('InvalidRevisionException', `Revisions of type ${revision.revisionType ?? ''} are not supported by Slipway yet.`);
  const s3 = revision.s3Location;
  if (!s3?.bucket || !s3.key) throw fail('InvalidRevisionException', 'The revision needs the bucket and the key of its bundle.');
  if (s3.bundleType === undefined || !BUNDLES.includes(s3.bundleType)) {
    throw fail('InvalidRevisionException', `Bundles of type ${s3.bundleType ?? ''} are not supported by Slipway yet; accepted: ${BUNDLES.join(', ')}.`);
  }
  return { revisionType: 'S3', s3Location: { bucket: s3.bucket, key: s3.key, bundleType: s3.bundleType, version: s3.version, eTag: s3.eTag } };
}
