import { isAskedFor, refuseMembers } from '../../kernel/refusals.ts';
import { checkKey } from './names.ts';
import { fail, notSupported } from './fail.ts';

/** Members that are not honoured, in whichever operation. */
const REFUSED = [
  'WebsiteRedirectLocation', 'SSECustomerAlgorithm', 'SSECustomerKey', 'SSECustomerKeyMD5', 'CopySourceSSECustomerAlgorithm', 'CopySourceSSECustomerKey',
  'CopySourceSSECustomerKeyMD5', 'SSEKMSKeyId', 'SSEKMSEncryptionContext', 'ObjectLockMode', 'ObjectLockRetainUntilDate', 'ObjectLockLegalHoldStatus',
  'ObjectLockEventHold', 'ObjectLockEventHoldDurationDays', 'ObjectLockEventHoldDurationYears', 'WriteOffsetBytes', 'MFA', 'IfMatchLastModifiedTime', 'IfMatchSize',
  'ChecksumSHA512', 'ChecksumMD5', 'ChecksumXXHASH64', 'ChecksumXXHASH3', 'ChecksumXXHASH128', 'BucketKeyEnabled', 'BypassGovernanceRetention',
] as const;

const GRANTS = ['GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWrite', 'GrantWriteACP'] as const;
const CHECKSUMS: ReadonlySet<unknown> = new Set(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']);
/** The canned ACLs that change nothing where the bucket's owner owns every object, as in every bucket here. */
const HARMLESS_ACLS: ReadonlySet<unknown> = new Set(['private', 'bucket-owner-full-control']);

type Members = Readonly<Record<string, unknown>>;

/** Refuses by name what an operation's contract takes and this room does not honour. */
export function refuse(operation: string, input: unknown): void {
  const members = input as Members;
  refuseMembers(members, REFUSED, notSupported);
  // Bytes are sealed under Slipway's own key: that is SSE-S3. A KMS key that is not used must not be reported.
  only('ServerSideEncryption', members['ServerSideEncryption'], 'AES256');
  only('StorageClass', members['StorageClass'], 'STANDARD');
  if (members['ChecksumAlgorithm'] !== undefined && !CHECKSUMS.has(members['ChecksumAlgorithm'])) throw notSupported(`ChecksumAlgorithm ${String(members['ChecksumAlgorithm'])}`);
  refuseAcls(operation, members);
  if (operation === 'CreateBucket') refuseBucketKinds(members);
  if (operation === 'DeleteObjects') refuseDirectoryConditions(members['Delete']);
  if (typeof members['Key'] === 'string') checkKey(members['Key']);
}

function only(name: string, value: unknown, honoured: string): void {
  if (value !== undefined && value !== honoured) throw notSupported(`${name} ${String(value)}`);
}

function refuseAcls(operation: string, members: Members): void {
  const asked = GRANTS.find((name) => isAskedFor(members[name])) ?? (members['ACL'] === undefined || HARMLESS_ACLS.has(members['ACL']) ? undefined : 'ACL');
  if (asked === undefined) return;
  if (operation === 'CreateBucket') throw fail('InvalidBucketAclWithObjectOwnership', "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  throw fail('AccessControlListNotSupported', 'The bucket does not allow ACLs');
}

function refuseBucketKinds(members: Members): void {
  refuseMembers(members, ['ObjectLockEnabledForBucket'], notSupported);
  only('ObjectOwnership', members['ObjectOwnership'], 'BucketOwnerEnforced');
  only('BucketNamespace', members['BucketNamespace'], 'global');
  refuseMembers(members['CreateBucketConfiguration'] as Members | undefined, ['Location', 'Bucket'], (name) => notSupported(`CreateBucketConfiguration.${name}`));
}

function refuseDirectoryConditions(request: unknown): void {
  for (const object of (request as { Objects?: readonly Members[] } | undefined)?.Objects ?? []) {
    refuseMembers(object, ['LastModifiedTime', 'Size'], (name) => notSupported(`Delete.Objects.${name}`));
  }
}
