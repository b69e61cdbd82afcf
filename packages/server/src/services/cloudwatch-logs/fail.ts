import type { CloudWatchLogsApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CloudWatchLogsApi>();

export const notSupported = (what: string): Error => fail('InvalidParameterException', `${what} is not supported by Slipway yet`);

export const invalidToken = () => fail('InvalidParameterException', 'The specified nextToken is invalid.');
