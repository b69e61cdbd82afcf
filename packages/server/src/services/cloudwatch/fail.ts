import type { CloudWatchApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CloudWatchApi>();

export const notSupported = (what: string): Error => fail('ValidationException', `${what} is not supported by Slipway yet.`);
/** For the operations whose errors are the older ones. */
export const invalid = (message: string): Error => fail('InvalidParameterValueException', message);
