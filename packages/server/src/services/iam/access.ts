import type { IAMApi } from '@slipway/contracts';
import type { Tag } from '@slipway/contracts/iam';
import type { Access, AccessRequest, AccessTable, Call } from '../../kernel/service.ts';
import { formatArn } from '../../kernel/arn.ts';
import { groupArn, parseIamArn, policyArn, roleArn, userArn } from './arns.ts';
import type { IamContext } from './deps.ts';
import { arnOf } from './entity.ts';
import type { Implemented } from './operations.ts';
import { findEntity } from './store/entities.ts';
import { reading } from './store/tables.ts';
import type { EntityKind } from './store/tables.ts';

const ARNS = { user: userArn, role: roleArn, group: groupArn };

type Keys = AccessRequest['context'];

interface New {
  readonly Path?: string | undefined;
  readonly Tags?: Tag[] | undefined;
  readonly PermissionsBoundary?: string | undefined;
}

const policy: Access<{ PolicyArn: string }> = (input) => ({ resource: input.PolicyArn });
const listing = (type: string): Access<{ PathPrefix?: string | undefined }> => (input, call) =>
  ({ resource: formatArn({ service: 'iam', account: call.account, resource: `${type}${input.PathPrefix ?? '/'}` }) });
/** A new entity's ARN has the path that is asked for. */
const created = <Input extends New>(arn: (account: string, path: string, name: string) => string, name: (input: Input) => string): Access<Input> =>
  (input, call) => ({
    resource: arn(call.account, input.Path ?? '/', name(input)),
    context: { 'iam:PermissionsBoundary': input.PermissionsBoundary, ...tagKeys(input.Tags) },
  });

/** Per operation: the ARN with the entity's real path, and IAM's own condition keys. */
export function access(context: IamContext): AccessTable<IAMApi, Exclude<keyof IAMApi, Implemented>> {
  async function arnFor(call: Call, kind: EntityKind, name: string | undefined): Promise<string> {
    if (name === undefined) return call.caller.kind === 'user' ? call.caller.principalArn : call.caller.arn;
    const row = await findEntity(reading(context.db), call.account, kind, name);
    return row === undefined ? ARNS[kind](call.account, '/', name) : arnOf(row);
  }

  const on = <Input>(kind: EntityKind, name: (input: Input) => string | undefined, keys?: (input: Input) => Keys): Access<Input> =>
    async (input, call) => [{ resource: await arnFor(call, kind, name(input)), context: keys?.(input) }];
  const user = <Input extends { UserName?: string | undefined }>(keys?: (input: Input) => Keys): Access<Input> =>
    on('user', (input) => input.UserName, keys);
  const role = <Input extends { RoleName: string }>(keys?: (input: Input) => Keys): Access<Input> =>
    on('role', (input) => input.RoleName, keys);
  const group = <Input extends { GroupName: string }>(keys?: (input: Input) => Keys): Access<Input> =>
    on('group', (input) => input.GroupName, keys);

  return {
    CreateUser: created(userArn, (input) => input.UserName),
    GetUser: user(),
    ListUsers: listing('user'),
    DeleteUser: user(),
    PutUserPermissionsBoundary: user((input: IAMApi['PutUserPermissionsBoundary']['input']) => boundaryKey(input)),
    DeleteUserPermissionsBoundary: user(),
    TagUser: user((input) => tagKeys(input.Tags)),
    UntagUser: user((input) => ({ 'aws:TagKeys': input.TagKeys })),
    ListUserTags: user(),

    CreateRole: created(roleArn, (input) => input.RoleName),
    GetRole: role(),
    ListRoles: listing('role'),
    UpdateRole: role(),
    UpdateRoleDescription: role(),
    UpdateAssumeRolePolicy: role(),
    DeleteRole: role(),
    PutRolePermissionsBoundary: role((input: IAMApi['PutRolePermissionsBoundary']['input']) => boundaryKey(input)),
    DeleteRolePermissionsBoundary: role(),
    TagRole: role((input) => tagKeys(input.Tags)),
    UntagRole: role((input) => ({ 'aws:TagKeys': input.TagKeys })),
    ListRoleTags: role(),

    CreateGroup: created(groupArn, (input) => input.GroupName),
    GetGroup: group(),
    ListGroups: listing('group'),
    ListGroupsForUser: user(),
    DeleteGroup: group(),
    AddUserToGroup: group(),
    RemoveUserFromGroup: group(),

    PutUserPolicy: user(),
    PutRolePolicy: role(),
    PutGroupPolicy: group(),
    GetUserPolicy: user(),
    GetRolePolicy: role(),
    GetGroupPolicy: group(),
    ListUserPolicies: user(),
    ListRolePolicies: role(),
    ListGroupPolicies: group(),
    DeleteUserPolicy: user(),
    DeleteRolePolicy: role(),
    DeleteGroupPolicy: group(),
    AttachUserPolicy: user((input: IAMApi['AttachUserPolicy']['input']) => policyKey(input)),
    AttachRolePolicy: role((input: IAMApi['AttachRolePolicy']['input']) => policyKey(input)),
    AttachGroupPolicy: group((input: IAMApi['AttachGroupPolicy']['input']) => policyKey(input)),
    DetachUserPolicy: user((input: IAMApi['DetachUserPolicy']['input']) => policyKey(input)),
    DetachRolePolicy: role((input: IAMApi['DetachRolePolicy']['input']) => policyKey(input)),
    DetachGroupPolicy: group((input: IAMApi['DetachGroupPolicy']['input']) => policyKey(input)),
    ListAttachedUserPolicies: user(),
    ListAttachedRolePolicies: role(),
    ListAttachedGroupPolicies: group(),

    CreatePolicy: created(policyArn, (input) => input.PolicyName),
    GetPolicy: policy,
    ListPolicies: listing('policy'),
    DeletePolicy: policy,
    ListEntitiesForPolicy: policy,
    CreatePolicyVersion: policy,
    GetPolicyVersion: policy,
    ListPolicyVersions: policy,
    SetDefaultPolicyVersion: policy,
    DeletePolicyVersion: policy,

    CreateAccessKey: user(),
    ListAccessKeys: user(),
    UpdateAccessKey: user(),
    DeleteAccessKey: user(),
    CreateServiceSpecificCredential: user((input) => ({ 'iam:ServiceSpecificCredentialServiceName': input.ServiceName })),
    ListServiceSpecificCredentials: user(),
    UpdateServiceSpecificCredential: user(),
    ResetServiceSpecificCredential: user(),
    DeleteServiceSpecificCredential: user(),
    UploadSSHPublicKey: user(),
    GetSSHPublicKey: user(),
    ListSSHPublicKeys: user(),
    UpdateSSHPublicKey: user(),
    DeleteSSHPublicKey: user(),
  };
}

const boundaryKey = (input: { PermissionsBoundary: string }): Keys => ({ 'iam:PermissionsBoundary': input.PermissionsBoundary });
const policyKey = (input: { PolicyArn: string }): Keys => ({ 'iam:PolicyARN': parseIamArn(input.PolicyArn) === undefined ? undefined : input.PolicyArn });

function tagKeys(tags: readonly Tag[] | undefined): Keys {
  if (tags === undefined || tags.length === 0) return {};
  return { 'aws:TagKeys': tags.map((tag) => tag.Key), ...Object.fromEntries(tags.map((tag) => [`aws:RequestTag/${tag.Key}`, tag.Value])) };
}
