import type { STSApi } from '@slipway/contracts';
import type { AccessTable } from '../../kernel/service.ts';
import { federatedUserArn } from './arns.ts';
import type { notYet } from './not-yet.ts';

export const access: AccessTable<STSApi, (typeof notYet)[number]> = {
  // The role's trust policy and the caller's own policies are decided together, in the operation.
  AssumeRole: 'none',
  GetCallerIdentity: 'none',
  GetSessionToken: 'none',
  GetFederationToken: (input, call) => ({ resource: federatedUserArn(call.account, input.Name) }),
  GetAccessKeyInfo: () => ({ resource: '*' }),
};
