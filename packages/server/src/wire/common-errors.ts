import type { Contract } from '@slipway/contracts';
import { ServiceError } from '../kernel/errors.ts';
import type { CommonErrorName } from '../kernel/errors.ts';

/** AWS names one and the same refusal differently by how a service's protocol came about. */
export type Family = 'json' | 'query' | 's3';

export function familyOf(contract: Pick<Contract, 'service' | 'protocols'>): Family {
  if (contract.service === 's3') return 's3';
  return contract.protocols.some((protocol) => protocol === 'awsQuery' || protocol === 'ec2Query' || protocol === 'restXml') ? 'query' : 'json';
}

interface Named { readonly code: string; readonly status: number }

function each(json: Named, query: Named, s3: Named): Record<Family, Named> {
  return { json, query, s3 };
}

function named(code: string, status: number): Named {
  return { code, status };
}

const common: Record<CommonErrorName, Record<Family, Named>> = {
  AccessDeniedException: each(named('AccessDeniedException', 400), named('AccessDenied', 403), named('AccessDenied', 403)),
  ValidationException: each(named('ValidationException', 400), named('ValidationError', 400), named('InvalidArgument', 400)),
  ThrottlingException: each(named('ThrottlingException', 400), named('Throttling', 400), named('SlowDown', 503)),
  InternalFailure: each(named('InternalFailure', 500), named('InternalFailure', 500), named('InternalError', 500)),
  UnknownOperationException: each(named('UnknownOperationException', 400), named('InvalidAction', 400), named('MethodNotAllowed', 405)),
  SerializationException: each(named('SerializationException', 400), named('MalformedInput', 400), named('MalformedXML', 400)),
  InvalidSignatureException: each(named('InvalidSignatureException', 400), named('SignatureDoesNotMatch', 403), named('SignatureDoesNotMatch', 403)),
  UnrecognizedClientException: each(named('UnrecognizedClientException', 400), named('InvalidClientTokenId', 403), named('InvalidAccessKeyId', 403)),
  MissingAuthenticationTokenException: each(
    named('MissingAuthenticationTokenException', 400), named('MissingAuthenticationToken', 403), named('AccessDenied', 403),
  ),
  IncompleteSignatureException: each(
    named('IncompleteSignatureException', 400), named('IncompleteSignature', 400), named('AuthorizationHeaderMalformed', 400),
  ),
  ExpiredTokenException: each(named('ExpiredTokenException', 400), named('ExpiredToken', 403), named('ExpiredToken', 400)),
  RequestEntityTooLarge: each(named('RequestEntityTooLarge', 413), named('RequestEntityTooLarge', 413), named('EntityTooLarge', 400)),
  NotImplemented: each(named('NotImplemented', 501), named('NotImplemented', 501), named('NotImplemented', 501)),
};

/** Statuses of S3's errors, few of which its contract lists. */
const s3Statuses: Readonly<Record<string, number>> = {
  NotModified: 304,
  AccessDenied: 403, InvalidObjectState: 403, RequestTimeTooSkewed: 403,
  NoSuchBucket: 404, NoSuchKey: 404, NoSuchUpload: 404, NoSuchVersion: 404, NotFound: 404, NoSuchTagSet: 404, NoSuchBucketPolicy: 404,
  NoSuchCORSConfiguration: 404, NoSuchLifecycleConfiguration: 404, NoSuchPublicAccessBlockConfiguration: 404, NoSuchWebsiteConfiguration: 404,
  ObjectLockConfigurationNotFoundError: 404, OwnershipControlsNotFoundError: 404, ReplicationConfigurationNotFoundError: 404,
  ServerSideEncryptionConfigurationNotFoundError: 404,
  MethodNotAllowed: 405,
  BucketAlreadyExists: 409, BucketAlreadyOwnedByYou: 409, BucketNotEmpty: 409, ConditionalRequestConflict: 409, InvalidBucketState: 409, OperationAborted: 409,
  MissingContentLength: 411,
  PreconditionFailed: 412,
  InvalidRange: 416,
};

function statusOf(family: Family, name: string): number {
  if (family === 's3') return s3Statuses[name] ?? 400;
  return family === 'query' && name === 'AccessDenied' ? 403 : 400;
}

/** A refusal under its common name; `encodeError` gives it the name that the service's family uses. */
export function refuse(name: CommonErrorName, message: string, detail?: Record<string, unknown>): ServiceError {
  return new ServiceError(name, message, detail ? { detail } : {});
}

/** An error as it goes out. */
export interface WireError {
  readonly code: string;
  /** The name by which JSON and CBOR know it. Another than `code` where the service spoke awsQuery first. */
  readonly type: string;
  readonly status: number;
  readonly message: string;
  readonly fault: 'client' | 'server';
  readonly detail: Readonly<Record<string, unknown>>;
  /** The structure that holds `detail`, where a contract describes the error. */
  readonly shape?: string;
}

/** Names an error as its service does. What is not a `ServiceError` shows nothing of itself. */
export function wireError(contract: Contract | undefined, operation: string | undefined, error: unknown): WireError {
  const family = contract ? familyOf(contract) : 'json';
  if (!(error instanceof ServiceError)) {
    const { code, status } = common.InternalFailure[family];
    return { code, type: common.InternalFailure.json.code, status, message: 'We encountered an internal error. Please try again.', fault: 'server', detail: {} };
  }
  const { message, detail } = error;
  // SNS has its own name for it.
  if (error.name === 'AccessDeniedException' && contract && Object.hasOwn(contract.errors, 'AuthorizationErrorException')) {
    return wireError(contract, operation, new ServiceError('AuthorizationErrorException', message));
  }
  const shared = Object.hasOwn(common, error.name) ? common[error.name as CommonErrorName][family] : undefined;
  // Where a contract too knows a common name, the operation decides: STS's ExpiredTokenException is about the token of
  // AssumeRoleWithWebIdentity, and about the caller's own elsewhere.
  const listed = operation !== undefined && contract?.operations[operation]?.errors.includes(error.name) === true;
  if (contract && Object.hasOwn(contract.errors, error.name) && (!shared || listed)) {
    const { code = error.name, status, fault, shape } = contract.errors[error.name]!;
    return { code, type: error.name, status: error.status ?? status, message, fault, detail, ...(shape && { shape }) };
  }
  const known = shared ?? named(error.name, statusOf(family, error.name));
  const status = error.status ?? known.status;
  const type = shared ? common[error.name as CommonErrorName].json.code : error.name;
  return { code: known.code, type, status, message, fault: status >= 500 ? 'server' : 'client', detail };
}

/** Of a service that spoke awsQuery first, SDKs know an error's type, and users' code the older name, which goes beside it. */
export function queryErrorHeader(contract: Contract | undefined, error: WireError): Record<string, string> {
  return contract?.protocols.includes('awsQuery') === true ? { 'x-amzn-query-error': `${error.code};${error.fault === 'client' ? 'Sender' : 'Receiver'}` } : {};
}
