import { expect, it } from 'vitest';
import { checkDefinition } from './index.ts';
import type { ProjectDefinition } from '../definition.ts';

const project = (environment: Partial<ProjectDefinition['environment']>): ProjectDefinition => ({
  source: { type: 'NO_SOURCE', buildspec: 'version: 0.2\n' }, artifacts: { type: 'NO_ARTIFACTS' }, serviceRole: 'arn:aws:iam::111122223333:role/build',
  environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL', ...environment },
});

it.each(['BUILD_GENERAL1_SMALL', 'BUILD_GENERAL1_2XLARGE'] as const)('the compute type %s is taken', (computeType) => {
  expect(() => checkDefinition(project({ computeType }), { account: '111122223333', region: 'us-east-1' })).not.toThrow();
});

it.each(['BUILD_LAMBDA_1GB', 'ATTRIBUTE_BASED_COMPUTE'] as const)('the compute type %s, which would mean no limits, is refused by name', (computeType) => {
  expect(() => checkDefinition(project({ computeType }), { account: '111122223333', region: 'us-east-1' })).toThrow(`The compute type ${computeType}`);
});
