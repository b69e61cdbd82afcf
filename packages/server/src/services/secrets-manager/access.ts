import type { SecretsManagerApi } from '@slipway/contracts';
import type { Database } from '../../kernel/database.ts';
import { creating, settingTags } from '../../kernel/access.ts';
import type { AccessTable, Call, OperationRequest } from '../../kernel/service.ts';
import { meanings, secretArn, unmadeArn } from './arns.ts';
import { lookUp } from './lookup.ts';
import type { notYet } from './not-yet.ts';

/** The request on the secret that an id means, with the policy attached to it. */
export async function readingRequest({ db }: { readonly db: Database }, call: Call, id: string): Promise<OperationRequest> {
  const row = await lookUp(db.read, call, id);
  if (row !== undefined) return { resource: secretArn(row), resourcePolicy: row.policy ?? undefined, context: { 'secretsmanager:SecretId': secretArn(row) } };
  const { place, name } = meanings(id, call)[0]!;
  return { resource: unmadeArn(place, name), context: { 'secretsmanager:SecretId': id } };
}

/** Service Authorization Reference, "AWS Secrets Manager". */
export function access(deps: { readonly db: Database }): AccessTable<SecretsManagerApi, (typeof notYet)[number]> {
  const onSecret = async ({ SecretId }: { readonly SecretId: string }, call: Call): Promise<OperationRequest[]> => [await readingRequest(deps, call, SecretId)];
  const withTags = async (id: string, call: Call, context: OperationRequest['context']): Promise<OperationRequest[]> => {
    const request = await readingRequest(deps, call, id);
    return [{ ...request, context: { ...request.context, ...context } }];
  };
  return {
    CreateSecret: ({ Name, Tags }, call) => creating({ resource: unmadeArn(call, Name), context: { 'secretsmanager:Name': Name } }, Tags, 'secretsmanager:TagResource'),
    UpdateSecret: onSecret,
    PutSecretValue: onSecret,
    DeleteSecret: async ({ ForceDeleteWithoutRecovery, RecoveryWindowInDays, SecretId }, call) => {
      const request = await readingRequest(deps, call, SecretId);
      const context = {
        'secretsmanager:ForceDeleteWithoutRecovery': String(ForceDeleteWithoutRecovery ?? false),
        ...(RecoveryWindowInDays !== undefined && { 'secretsmanager:RecoveryWindowInDays': String(RecoveryWindowInDays) }),
      };
      return [{ ...request, context: { ...request.context, ...context } }];
    },
    RestoreSecret: onSecret,
    GetSecretValue: async ({ SecretId, VersionId, VersionStage }, call) => {
      const request = await readingRequest(deps, call, SecretId);
      return [{ ...request, context: { ...request.context, 'secretsmanager:VersionId': VersionId, 'secretsmanager:VersionStage': VersionStage ?? (VersionId === undefined ? 'AWSCURRENT' : undefined) } }];
    },
    BatchGetSecretValue: () => ({ resource: '*' }),
    DescribeSecret: onSecret,
    ListSecrets: () => ({ resource: '*' }),
    ListSecretVersionIds: onSecret,
    UpdateSecretVersionStage: onSecret,
    TagResource: ({ SecretId, Tags }, call) => withTags(SecretId, call, settingTags(Tags)),
    UntagResource: ({ SecretId, TagKeys }, call) => withTags(SecretId, call, { 'aws:TagKeys': TagKeys }),
    PutResourcePolicy: onSecret,
    GetResourcePolicy: onSecret,
    DeleteResourcePolicy: onSecret,
    ValidateResourcePolicy: async ({ SecretId }, call) => [SecretId === undefined ? { resource: '*' } : await readingRequest(deps, call, SecretId)],
    GetRandomPassword: () => ({ resource: '*' }),
  };
}
