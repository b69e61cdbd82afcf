import type { CodeDeployApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CodeDeployApi>();

export const noApplication = (name: string | undefined): Error => fail('ApplicationDoesNotExistException', `No application found for name: ${name}`);
export const noGroup = (name: string | undefined): Error => fail('DeploymentGroupDoesNotExistException', `No Deployment Group found for name: ${name}`);
export const notSupported = (what: string): Error => fail('InvalidInputException', `${what} is not supported by Slipway yet.`);
