import { constrain } from '../../kernel/constraints.ts';
import type { Constraints } from '../../kernel/constraints.ts';
import { ServiceError } from '../../kernel/errors.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const LIMITS = {
  user: { perAccount: 5000, quota: 'UsersPerAccount', inlineSize: 2048 },
  role: { perAccount: 1000, quota: 'RolesPerAccount', inlineSize: 10_240 },
  group: { perAccount: 300, quota: 'GroupsPerAccount', inlineSize: 5120 },
  policiesPerAccount: 1500,
  accessKeysPerUser: 2,
  serviceCredentialsPerUser: 2,
  sshKeysPerUser: 5,
  attachedPolicies: 10,
  groupsPerUser: 10,
  versionsPerPolicy: 5,
  /** Characters without white space. */
  managedPolicySize: 6144,
  trustPolicySize: 2048,
  pageSize: { default: 100, longest: 1000 },
  /** Seconds; a role's own maximum lies between 1 and 12 hours. */
  maxSessionDuration: { least: 3600, most: 43_200, default: 3600 },
} as const;

const NAME = '[\\w+=,.@-]+';
const PATH = '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)';
const ARN = { shortest: 20, longest: 2048 };

/** https://docs.aws.amazon.com/IAM/latest/APIReference/: the constraints of each member, which bear the same name in every operation. */
const MEMBERS: Constraints[string] = {
  UserName: { shortest: 1, longest: 64, pattern: NAME },
  RoleName: { shortest: 1, longest: 64, pattern: NAME },
  GroupName: { shortest: 1, longest: 128, pattern: NAME },
  PolicyName: { shortest: 1, longest: 128, pattern: NAME },
  Path: { shortest: 1, longest: 512, pattern: PATH },
  PathPrefix: { shortest: 1, longest: 512, pattern: '\\u002F[\\u0021-\\u007F]*' },
  PolicyArn: ARN,
  PermissionsBoundary: ARN,
  AccessKeyId: { shortest: 16, longest: 128, pattern: '[\\w]+' },
  SSHPublicKeyId: { shortest: 20, longest: 128, pattern: '[\\w]+' },
  SSHPublicKeyBody: { shortest: 1, longest: 16_384 },
  ServiceSpecificCredentialId: { shortest: 20, longest: 128, pattern: '[\\w]+' },
  PolicyDocument: { shortest: 1, longest: 131_072 },
  AssumeRolePolicyDocument: { shortest: 1, longest: 131_072 },
  Description: { longest: 1000 },
  VersionId: { pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?' },
  MaxItems: { least: 1, most: LIMITS.pageSize.longest },
  MaxSessionDuration: { least: LIMITS.maxSessionDuration.least, most: LIMITS.maxSessionDuration.most },
};

/** Throws AWS's ValidationError for members outside their documented bounds. */
export const validate = constrain({ '*': MEMBERS }, (message) => new ServiceError('ValidationError', message, { status: 400 }));

/** A policy's size as AWS counts it. */
export function sizeOf(document: string): number {
  return document.replace(/\s/g, '').length;
}
