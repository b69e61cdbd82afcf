import type { S3Api } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

/** S3's error responses that its model does not list per operation. */
type S3Error =
  | 'AccessControlListNotSupported' | 'AccessDenied' | 'BadDigest' | 'BucketNotEmpty' | 'EntityTooLarge' | 'EntityTooSmall' | 'IllegalLocationConstraintException'
  | 'InvalidArgument' | 'InvalidBucketAclWithObjectOwnership' | 'InvalidBucketName' | 'InvalidBucketState' | 'InvalidDigest' | 'InvalidLocationConstraint'
  | 'InvalidPart' | 'InvalidPartNumber' | 'InvalidPartOrder' | 'InvalidRange' | 'InvalidRequest' | 'InvalidTag' | 'KeyTooLongError' | 'MalformedXML' | 'MetadataTooLarge'
  | 'MethodNotAllowed' | 'IncompleteBody' | 'NoSuchBucket' | 'NoSuchKey' | 'NoSuchTagSet' | 'NoSuchUpload' | 'NoSuchVersion' | 'NotModified' | 'PermanentRedirect'
  | 'PreconditionFailed' | 'ServerSideEncryptionConfigurationNotFoundError' | 'BucketAlreadyExists' | 'BucketAlreadyOwnedByYou';

const STATUS: Partial<Record<S3Error, number>> = {
  NotModified: 304, PermanentRedirect: 301, AccessDenied: 403, NoSuchBucket: 404, NoSuchKey: 404, NoSuchTagSet: 404, NoSuchUpload: 404, NoSuchVersion: 404,
  ServerSideEncryptionConfigurationNotFoundError: 404, MethodNotAllowed: 405, BucketNotEmpty: 409, InvalidBucketState: 409, BucketAlreadyExists: 409, BucketAlreadyOwnedByYou: 409,
  PreconditionFailed: 412, InvalidRange: 416, InvalidPartNumber: 416,
};

const failure = failures<S3Api, S3Error>();

/** S3's refusals, with the statuses of its error table (400 where nothing is said). */
export const fail = (name: S3Error, message: string, detail: Record<string, unknown> = {}) => failure(name, message, { status: STATUS[name] ?? 400, detail });

/** For what AWS does and Slipway does not do yet. */
export const notSupported = (what: string) => failure('NotImplemented', `${what} is not supported by Slipway yet`, { status: 501 });

export const noSuchKey = (key: string, detail: Record<string, unknown> = {}) => fail('NoSuchKey', 'The specified key does not exist.', { Key: key, ...detail });
export const noSuchUpload = (id: string) =>
  fail('NoSuchUpload', 'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.', { UploadId: id });
export const preconditionFailed = (condition: string) =>
  fail('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', { Condition: condition });
export const invalidArgument = (name: string, value: string | number, message: string) => fail('InvalidArgument', message, { ArgumentName: name, ArgumentValue: String(value) });
export const wrongToken = (token: string | undefined) => invalidArgument('continuation-token', token ?? '', 'The continuation token provided is incorrect');
