import type { STSApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<STSApi, 'ValidationError' | 'AccessDenied'>();

export const notSupported = (what: string): Error => fail('ValidationError', `${what} is not supported by Slipway yet.`, { status: 400 });
