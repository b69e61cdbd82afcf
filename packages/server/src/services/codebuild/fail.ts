import type { CodeBuildApi } from '@slipway/contracts';
import { failures, type ServiceError } from '../../kernel/errors.ts';
import type { Place } from '../../kernel/place.ts';
import { buildArn, projectArn } from './arns.ts';

export const fail = failures<CodeBuildApi>();

/** What AWS honours and this installation does not, by name: better than to ignore it. */
export const notSupported = (what: string): ServiceError => fail('InvalidInputException', `${what} is not supported by Slipway yet`);

export const projectNotFound = (place: Place, name: string): ServiceError => fail('ResourceNotFoundException', `Project cannot be found: ${projectArn(place, name)}`);

export const buildNotFound = (place: Place, id: string): ServiceError => fail('ResourceNotFoundException', `Build cannot be found: ${buildArn(place, id)}`);
