import type { Authorizer } from '../../kernel/access.ts';
import type { Database } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { AccessRequest, Call } from '../../kernel/service.ts';
import { accessDenied } from './bucket.ts';
import { fail, invalidArgument, noSuchKey } from './fail.ts';
import type { VersionRow } from './migrations.ts';
import { bucketArn, nullVersion, seqOf } from './names.ts';
import { versions } from './store.ts';

export interface LookupDeps {
  readonly db: Database;
  readonly authorizer: Authorizer;
}

/** The version that a reading request means: the current one, or the one named. Delete markers cannot be read. */
export async function lookUp(deps: LookupDeps, call: Call, { Bucket, Key, VersionId }: { readonly Bucket: string; readonly Key: string; readonly VersionId?: string }): Promise<VersionRow> {
  if (VersionId === undefined) {
    const current = await versions.current(deps.db, Bucket, Key);
    if (current !== undefined && current.marker === 0) return current;
    // Who may not list must not learn which keys exist.
    if (!(await isAllowed(deps.authorizer, call, { action: 's3:ListBucket', resource: bucketArn(Bucket) }))) throw accessDenied();
    throw noSuchKey(Key, current && { DeleteMarker: true, DeleteMarkerVersionId: current.version });
  }
  checkVersionId(VersionId);
  const row = await versions.find(deps.db, Bucket, Key, VersionId);
  if (row === undefined) throw fail('NoSuchVersion', 'The specified version does not exist.', { Key, VersionId });
  if (row.marker === 1) throw fail('MethodNotAllowed', 'The specified method is not allowed against this resource.', { Method: 'GET', ResourceType: 'DeleteMarker', DeleteMarker: true });
  return row;
}

export function checkVersionId(versionId: string): void {
  if (versionId !== nullVersion && seqOf(versionId) === undefined) throw invalidArgument('versionId', versionId, 'Invalid version id specified');
}

/** Whether the caller's policies allow something, as an answer instead of an error. */
export async function isAllowed(authorizer: Authorizer, call: Call, request: AccessRequest): Promise<boolean> {
  try {
    await authorizer.authorize(call.caller, [request], call);
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}
