import type { SSMApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<SSMApi>();

export const invalid = (message: string): Error => fail('ValidationException', message);
export const notSupported = (what: string): Error => invalid(`${what} is not supported by Slipway yet.`);
export const invalidToken = (): Error => fail('InvalidNextToken', 'The specified token is not valid.');
export const noParameter = (name: string): Error => fail('ParameterNotFound', `Parameter ${name} not found.`);
export const noVersion = (name: string, version: string): Error =>
  fail('ParameterVersionNotFound', `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`);
