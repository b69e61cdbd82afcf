import type { EventBridgeApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';
import type { BusRef, RuleRef } from './store/index.ts';

export const fail = failures<EventBridgeApi>();

export const notSupported = (what: string): Error => fail('ValidationException', `${what} is not supported by Slipway yet.`);

export const noBus = ({ bus }: BusRef): Error => fail('ResourceNotFoundException', `Event bus ${bus} does not exist.`);

export const noRule = ({ bus, rule }: RuleRef): Error => fail('ResourceNotFoundException', `Rule ${rule} does not exist on EventBus ${bus}.`);

export const tooMany = (): Error => fail('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');

export const noResource = (kind: string, name: string): Error => fail('ResourceNotFoundException', `${kind} ${name} does not exist.`);

export const alreadyThere = (kind: string, name: string): Error => fail('ResourceAlreadyExistsException', `${kind} ${name} already exists.`);
