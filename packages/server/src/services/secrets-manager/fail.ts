import type { SecretsManagerApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<SecretsManagerApi>();

export const invalid = (message: string): Error => fail('InvalidParameterException', message);
export const notSupported = (what: string): Error => invalid(`${what} is not supported by Slipway yet.`);
export const noSecret = (): Error => fail('ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret.');
export const invalidToken = (): Error => fail('InvalidNextTokenException', 'The NextToken value is invalid.');
export const markedForDeletion = (): Error =>
  fail('InvalidRequestException', 'You can\'t perform this operation on the secret because it was marked for deletion.');
