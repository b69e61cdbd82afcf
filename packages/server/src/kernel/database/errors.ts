import { ServiceError } from '../errors.ts';

/** What AWS services answer when they are overloaded; SDKs retry it with growing delay. */
export function databaseBusy(cause?: unknown): ServiceError {
  return new ServiceError('ThrottlingException', 'Rate exceeded', { cause });
}

const SQLITE_UNIQUE = new Set([1555, 2067]);

export function isSqliteBusy(error: unknown): boolean {
  return codes(error).errcode === 5;
}

/** Whether a row with that key or unique index exists already; on either database. The transaction that got it is lost. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, errcode } = codes(error);
  return code === '23505' || (errcode !== undefined && SQLITE_UNIQUE.has(errcode));
}

/**
 * Two creations at the same time both find a name free, and locking a row that is not there locks nothing: the key lets
 * one through. `await insert(tx, row).catch(whenTaken(() => fail('…InUseException', '…')))`
 */
export function whenTaken(refuse: () => Error) {
  return (error: unknown): never => {
    throw isUniqueViolation(error) ? refuse() : error;
  };
}

/** Serialisation failure or deadlock: the same work may succeed when it is run again. */
export function isRetryable(error: unknown): boolean {
  const { code } = codes(error);
  return code === '40001' || code === '40P01';
}

/** Lock not available, too many connections, or no connection from the pool in time. */
export function isPostgresBusy(error: unknown): boolean {
  const { code } = codes(error);
  return code === '55P03' || code === '53300' || (error instanceof Error && error.message === 'timeout exceeded when trying to connect');
}

function codes(error: unknown): { code?: string; errcode?: number } {
  if (!(error instanceof Error)) return {};
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  return { code: typeof code === 'string' ? code : undefined, errcode: typeof errcode === 'number' ? errcode : undefined };
}
