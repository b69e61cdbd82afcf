import type { ClientToken } from '../../kernel/replay.ts';
import { fail } from './fail.ts';
import { limits } from './limits.ts';

/** @throws ClientRequestTokenRequiredException, InvalidClientRequestTokenException */
export function clientToken(value: string | undefined): ClientToken {
  if (value === '') throw fail('ClientRequestTokenRequiredException', 'A client request token is required.');
  if (value !== undefined && value.length > limits.clientTokenLength) throw fail('InvalidClientRequestTokenException', 'The client request token is not valid.');
  return {
    value,
    lifetime: limits.clientTokenLifetime,
    mismatch: () => fail('IdempotencyParameterMismatchException', 'The client request token has been used in a request with other parameters.'),
  };
}
