import { computeLimits, computeTypes, isImageName } from '@slipway/builder';
import type { ProjectEnvironment, VpcConfig } from '@slipway/contracts/codebuild';
import { refuseMembers } from '../../../../kernel/refusals.ts';
import { notSupported } from '../../fail.ts';
import { maxSecurityGroups, maxSubnets, variableNamePattern } from '../../limits.ts';
import { refuse } from './refuse.ts';

export function checkEnvironment(environment: ProjectEnvironment): void {
  if (environment.type !== 'LINUX_CONTAINER') throw notSupported(`The environment type ${environment.type} (supported is LINUX_CONTAINER)`);
  // Nobody knows what to grant to another one, and a build without limits has more than any of these.
  if (computeLimits(environment.computeType) === undefined) throw notSupported(`The compute type ${environment.computeType} (supported are ${computeTypes.join(', ')})`);
  refuseMembers(environment, ['fleet'], (name) => notSupported(`The environment ${name}`));
  refuseMembers(environment, ['computeConfiguration', 'dockerServer', 'hostKernel'], notSupported);
  if (environment.certificate && !/^(arn:[^:]*:s3:::)?[^/]+\/.+/.test(environment.certificate)) refuse(`Invalid certificate: ${environment.certificate}. It must be the ARN of an object in S3`);
  checkRegistry(environment);
  for (const variable of environment.environmentVariables ?? []) {
    if (!variableNamePattern.test(variable.name)) refuse(`Invalid environment variable name: '${variable.name}'. A name has at least one character and is without spaces and =`);
  }
}

function checkRegistry({ image, imagePullCredentialsType, registryCredential }: ProjectEnvironment): void {
  if (!isImageName(image)) refuse(`Invalid image: ${JSON.stringify(image)}. An image is named as [registry/]repository[:tag] or [registry/]repository@digest`);
  if (registryCredential === undefined) return;
  if (imagePullCredentialsType !== 'SERVICE_ROLE') refuse('A registryCredential requires imagePullCredentialsType SERVICE_ROLE: it is read as the service role');
  if (registryCredential.credentialProvider !== 'SECRETS_MANAGER') refuse(`Invalid credentialProvider: ${registryCredential.credentialProvider}. It must be SECRETS_MANAGER`);
}

/** What the network of a VPC means here is said in the build's log. */
export function checkVpc({ vpcId, subnets = [], securityGroupIds = [] }: VpcConfig = {}): void {
  if (!vpcId && subnets.length + securityGroupIds.length > 0) refuse('A vpcConfig needs a vpcId');
  if (subnets.length > maxSubnets) refuse(`At most ${maxSubnets} subnets are allowed in vpcConfig`);
  if (securityGroupIds.length > maxSecurityGroups) refuse(`At most ${maxSecurityGroups} security groups are allowed in vpcConfig`);
}
