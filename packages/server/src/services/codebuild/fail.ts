import type { CodeBuildApi } from '@slipway/contracts';
import { failures, type ServiceError } from '../../kernel/errors.ts';

export const fail = failures<CodeBuildApi>();

/** What AWS honours and this installation does not, by name: better than to ignore it. */
export const notSupported = (what: string): ServiceError => fail('InvalidInputException', `${what} is not supported by Slipway yet`);
