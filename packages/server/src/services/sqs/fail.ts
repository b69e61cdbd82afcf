import type { SQSApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';
import type { ServiceError } from '../../kernel/errors.ts';

/** `InvalidParameterValue` and `MissingParameter` come from the query protocol's days and stand in no contract. */
export const fail = failures<SQSApi, 'InvalidParameterValue' | 'MissingParameter' | 'QueueNameExists'>();

export const noSuchQueue = (): ServiceError => fail('QueueDoesNotExist', 'The specified queue does not exist.');

export const invalidParameter = (value: unknown, parameter: string, reason: string): ServiceError =>
  fail('InvalidParameterValue', `Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);

export const missingParameter = (parameter: string): ServiceError => fail('MissingParameter', `The request must contain the parameter ${parameter}.`);

export const invalidToken = (): ServiceError => fail('InvalidParameterValue', 'Invalid or expired next token.');
