import type { OperationTypes } from '@slipway/contracts';

export interface ServiceErrorOptions {
  readonly detail?: Record<string, unknown>;
  readonly status?: number;
  readonly cause?: unknown;
}

/**
 * An error that the caller is meant to see, under the name that AWS documents for the operation.
 * Anything else that is thrown becomes a 500 that shows only the request id.
 */
export class ServiceError extends Error {
  override readonly name: string;
  /** Further members of the error's shape, such as `BucketName` or `accountLevelUtilization`. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** HTTP status for an error that no contract lists. */
  readonly status: number | undefined;

  constructor(name: string, message: string, options: ServiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.detail = options.detail ?? {};
    this.status = options.status;
  }
}

/**
 * Whether the same call may succeed later, as the other room or the endpoint is only busy. Missing permissions, resources
 * that are gone and refused input stay as they are; 501 is said of what is not there yet.
 */
export function mayPass({ name, status = 0 }: ServiceError): boolean {
  return /Throttl|LimitExceeded|OverLimit|ServiceUnavailable|Internal(?:Failure|Error|Server|Service)|ConcurrentModification|ConcurrentPipelineExecutions/.test(name) || status === 500 || status >= 502;
}

/** Errors that every AWS service may answer and no contract lists. */
export type CommonErrorName =
  | 'AccessDeniedException' | 'ValidationException' | 'ThrottlingException' | 'InternalFailure' | 'UnknownOperationException'
  | 'SerializationException' | 'InvalidSignatureException' | 'UnrecognizedClientException' | 'MissingAuthenticationTokenException'
  | 'IncompleteSignatureException' | 'ExpiredTokenException' | 'RequestEntityTooLarge' | 'NotImplemented';

/**
 * A room's way to refuse: `const fail = failures<CodeBuildApi>(); throw fail('InvalidInputException', '…')`.
 * The name is checked against the contract by the compiler.
 */
export function failures<A extends { [K in keyof A]: OperationTypes }, Extra extends string = never>() {
  return (name: A[keyof A]['errors'] | CommonErrorName | Extra, message: string, options?: ServiceErrorOptions): ServiceError =>
    new ServiceError(name, message, options);
}
