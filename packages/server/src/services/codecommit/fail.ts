import type { CodeCommitApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CodeCommitApi>();

export const notSupported = (what: string): Error => fail('OperationNotAllowedException', `${what} is not supported by Slipway yet.`);
