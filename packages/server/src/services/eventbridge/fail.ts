import type { EventBridgeApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<EventBridgeApi>();

export const notSupported = (what: string): Error => fail('ValidationException', `${what} is not supported by Slipway yet.`);
