import type { IAMApi } from '@slipway/contracts';
import type { Tag } from '@slipway/contracts/iam';
import type { Access, AccessRequest, AccessTable, Call } from '../../kernel/service.ts';
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

const policy = (action: string): Access<{ PolicyArn: string }> => (input) => ({ action: `iam:${action}`, resource: input.PolicyArn });
const listing = (action: string, type: string): Access<{ PathPrefix?: string | undefined }> => (input, call) =>
  ({ action: `iam:${action}`, resource: `arn:aws:iam::${call.account}:${type}${input.PathPrefix ?? '/'}` });
/** A new entity's ARN has the path that is asked for. */
const created = <Input extends New>(action: string, arn: (account: string, path: string, name: string) => string, name: (input: Input) => string): Access<Input> =>
  (input, call) => ({
    action: `iam:${action}`,
    resource: arn(call.account, input.Path ?? '/', name(input)),
    context: { 'iam:PermissionsBoundary': input.PermissionsBoundary, ...tagKeys(input.Tags) },
  });

/** Per operation: the action, the ARN with the entity's real path, and IAM's own condition keys. */
export function access(context: IamContext): AccessTable<IAMApi, Exclude<keyof IAMApi, Implemented>> {
  async function arnFor(call: Call, kind: EntityKind, name: string | undefined): Promise<string> {
    if (name === undefined) return call.caller.kind === 'user' ? call.caller.principalArn : call.caller.arn;
    const row = await findEntity(reading(context.db), call.account, kind, name);
    return row === undefined ? ARNS[kind](call.account, '/', name) : arnOf(row);
  }

  const on = <Input>(kind: EntityKind, action: string, name: (input: Input) => string | undefined, keys?: (input: Input) => Keys): Access<Input> =>
    async (input, call) => [{ action: `iam:${action}`, resource: await arnFor(call, kind, name(input)), context: keys?.(input) }];
  const user = <Input extends { UserName?: string | undefined }>(action: string, keys?: (input: Input) => Keys): Access<Input> =>
    on('user', action, (input) => input.UserName, keys);
  const role = <Input extends { RoleName: string }>(action: string, keys?: (input: Input) => Keys): Access<Input> =>
    on('role', action, (input) => input.RoleName, keys);
  const group = <Input extends { GroupName: string }>(action: string, keys?: (input: Input) => Keys): Access<Input> =>
    on('group', action, (input) => input.GroupName, keys);

  return {
    CreateUser: created('CreateUser', userArn, (input) => input.UserName),
    GetUser: user('GetUser'),
    ListUsers: listing('ListUsers', 'user'),
    DeleteUser: user('DeleteUser'),
    PutUserPermissionsBoundary: user('PutUserPermissionsBoundary', (input: IAMApi['PutUserPermissionsBoundary']['input']) => boundaryKey(input)),
    DeleteUserPermissionsBoundary: user('DeleteUserPermissionsBoundary'),
    TagUser: user('TagUser', (input) => tagKeys(input.Tags)),
    UntagUser: user('UntagUser', (input) => ({ 'aws:TagKeys': input.TagKeys })),
    ListUserTags: user('ListUserTags'),

    CreateRole: created('CreateRole', roleArn, (input) => input.RoleName),
    GetRole: role('GetRole'),
    ListRoles: listing('ListRoles', 'role'),
    UpdateRole: role('UpdateRole'),
    UpdateRoleDescription: role('UpdateRoleDescription'),
    UpdateAssumeRolePolicy: role('UpdateAssumeRolePolicy'),
    DeleteRole: role('DeleteRole'),
    PutRolePermissionsBoundary: role('PutRolePermissionsBoundary', (input: IAMApi['PutRolePermissionsBoundary']['input']) => boundaryKey(input)),
    DeleteRolePermissionsBoundary: role('DeleteRolePermissionsBoundary'),
    TagRole: role('TagRole', (input) => tagKeys(input.Tags)),
    UntagRole: role('UntagRole', (input) => ({ 'aws:TagKeys': input.TagKeys })),
    ListRoleTags: role('ListRoleTags'),

    CreateGroup: created('CreateGroup', groupArn, (input) => input.GroupName),
    GetGroup: group('GetGroup'),
    ListGroups: listing('ListGroups', 'group'),
    ListGroupsForUser: user('ListGroupsForUser'),
    DeleteGroup: group('DeleteGroup'),
    AddUserToGroup: group('AddUserToGroup'),
    RemoveUserFromGroup: group('RemoveUserFromGroup'),

    PutUserPolicy: user('PutUserPolicy'),
    PutRolePolicy: role('PutRolePolicy'),
    PutGroupPolicy: group('PutGroupPolicy'),
    GetUserPolicy: user('GetUserPolicy'),
    GetRolePolicy: role('GetRolePolicy'),
    GetGroupPolicy: group('GetGroupPolicy'),
    ListUserPolicies: user('ListUserPolicies'),
    ListRolePolicies: role('ListRolePolicies'),
    ListGroupPolicies: group('ListGroupPolicies'),
    DeleteUserPolicy: user('DeleteUserPolicy'),
    DeleteRolePolicy: role('DeleteRolePolicy'),
    DeleteGroupPolicy: group('DeleteGroupPolicy'),
    AttachUserPolicy: user('AttachUserPolicy', (input: IAMApi['AttachUserPolicy']['input']) => policyKey(input)),
    AttachRolePolicy: role('AttachRolePolicy', (input: IAMApi['AttachRolePolicy']['input']) => policyKey(input)),
    AttachGroupPolicy: group('AttachGroupPolicy', (input: IAMApi['AttachGroupPolicy']['input']) => policyKey(input)),
    DetachUserPolicy: user('DetachUserPolicy', (input: IAMApi['DetachUserPolicy']['input']) => policyKey(input)),
    DetachRolePolicy: role('DetachRolePolicy', (input: IAMApi['DetachRolePolicy']['input']) => policyKey(input)),
    DetachGroupPolicy: group('DetachGroupPolicy', (input: IAMApi['DetachGroupPolicy']['input']) => policyKey(input)),
    ListAttachedUserPolicies: user('ListAttachedUserPolicies'),
    ListAttachedRolePolicies: role('ListAttachedRolePolicies'),
    ListAttachedGroupPolicies: group('ListAttachedGroupPolicies'),

    CreatePolicy: created('CreatePolicy', policyArn, (input) => input.PolicyName),
    GetPolicy: policy('GetPolicy'),
    ListPolicies: listing('ListPolicies', 'policy'),
    DeletePolicy: policy('DeletePolicy'),
    ListEntitiesForPolicy: policy('ListEntitiesForPolicy'),
    CreatePolicyVersion: policy('CreatePolicyVersion'),
    GetPolicyVersion: policy('GetPolicyVersion'),
    ListPolicyVersions: policy('ListPolicyVersions'),
    SetDefaultPolicyVersion: policy('SetDefaultPolicyVersion'),
    DeletePolicyVersion: policy('DeletePolicyVersion'),

    CreateAccessKey: user('CreateAccessKey'),
    ListAccessKeys: user('ListAccessKeys'),
    UpdateAccessKey: user('UpdateAccessKey'),
    DeleteAccessKey: user('DeleteAccessKey'),
    CreateServiceSpecificCredential: user('CreateServiceSpecificCredential', (input) => ({ 'iam:ServiceSpecificCredentialServiceName': input.ServiceName })),
    ListServiceSpecificCredentials: user('ListServiceSpecificCredentials'),
    UpdateServiceSpecificCredential: user('UpdateServiceSpecificCredential'),
    ResetServiceSpecificCredential: user('ResetServiceSpecificCredential'),
    DeleteServiceSpecificCredential: user('DeleteServiceSpecificCredential'),
  };
}

const boundaryKey = (input: { PermissionsBoundary: string }): Keys => ({ 'iam:PermissionsBoundary': input.PermissionsBoundary });
const policyKey = (input: { PolicyArn: string }): Keys => ({ 'iam:PolicyARN': parseIamArn(input.PolicyArn) === undefined ? undefined : input.PolicyArn });

function tagKeys(tags: readonly Tag[] | undefined): Keys {
  if (tags === undefined || tags.length === 0) return {};
  return { 'aws:TagKeys': tags.map((tag) => tag.Key), ...Object.fromEntries(tags.map((tag) => [`aws:RequestTag/${tag.Key}`, tag.Value])) };
}
