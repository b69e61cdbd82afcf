import type { IAMApi } from '@slipway/contracts';
import type { Policy, PolicyVersion } from '@slipway/contracts/iam';
import type { Transaction } from '../../kernel/database.ts';
import { whenTaken } from '../../kernel/database/index.ts';
import { uniqueId } from '../../kernel/ids.ts';
import type { Operations } from '../../kernel/service.ts';
import { parseIamArn, policyArn } from './arns.ts';
import { allAwsManaged, AWS_MANAGED_CREATED, awsManaged } from './aws-managed.ts';
import type { AwsManagedPolicy } from './aws-managed.ts';
import type { IamContext } from './deps.ts';
import { encodeDocument } from './entity.ts';
import { checkDocument, fail, notSupported } from './fail.ts';
import { LIMITS, sizeOf } from './limits.ts';
import {
  countAttachments, countBoundaries, deleteManagedPolicy, deleteVersion, findManagedPolicy, findVersion, insertManagedPolicy, insertVersion, listAttached, listManagedPolicies, listVersions,
  lockManagedPolicy, updateManagedPolicy,
} from './store/policies.ts';
import { keyOf, reading, writing } from './store/tables.ts';
import type { ManagedPolicyRow, PolicyVersionRow } from './store/tables.ts';
import { fromTags, toTags } from './resource-tags.ts';

export function managedPolicies(context: IamContext) {
  const { db, clock } = context;

  async function need(account: string, arn: string): Promise<ManagedPolicyRow> {
    const name = ownPolicyName(account, arn);
    const row = name === undefined ? undefined : await findManagedPolicy(reading(db), account, keyOf(name));
    if (row === undefined || row.arn !== arn) throw notFound(arn);
    return row;
  }

  return {
    async CreatePolicy(input, call) {
      checkDocument(input.PolicyDocument, 'identity');
      checkSize(input.PolicyDocument);
      const tags = fromTags(input.Tags);
      const path = input.Path ?? '/';
      const now = clock.now();
      const row: ManagedPolicyRow = {
        account: call.account, name_key: keyOf(input.PolicyName), name: input.PolicyName, id: uniqueId('ANPA'), path, arn: policyArn(call.account, path, input.PolicyName),
        description: input.Description ?? null, created: now, updated: now, default_version: 1, last_version: 1,
      };
      await context.write(call.account, async (tx) => {
        if (await lockManagedPolicy(tx, row.account, row.name_key)) throw nameTaken(row.name);
        if ((await listManagedPolicies(writing(tx), row.account, { after: undefined, limit: LIMITS.policiesPerAccount })).length >= LIMITS.policiesPerAccount) {
          throw fail('LimitExceededException', `Cannot exceed quota for PoliciesPerAccount: ${LIMITS.policiesPerAccount}`);
        }
        await insertManagedPolicy(tx, row);
        await insertVersion(tx, { account: row.account, name_key: row.name_key, version: 1, document: input.PolicyDocument, created: now });
        if (Object.keys(tags).length > 0) await context.tags.put(tx, row.account, row.arn, tags);
      }).catch(whenTaken(() => nameTaken(row.name)));
      return { Policy: { ...toPolicy(row, 0), Tags: input.Tags } };
    },

    async GetPolicy(input, call) {
      const counts = await countAttachments(reading(db), call.account);
      const managed = awsManaged(input.PolicyArn);
      if (managed !== undefined) return { Policy: { ...fromAws(managed, counts.get(managed.arn) ?? 0), Description: managed.description } };
      const row = await need(call.account, input.PolicyArn);
      const tags = toTags(await context.tags.get(row.account, row.arn));
      return { Policy: { ...toPolicy(row, counts.get(row.arn) ?? 0), Description: row.description ?? undefined, Tags: tags } };
    },

    async ListPolicies(input, call) {
      if (input.PolicyUsageFilter === 'PermissionsBoundary') throw notSupported('PolicyUsageFilter PermissionsBoundary');
      const own = input.Scope === 'AWS' ? [] : await listManagedPolicies(reading(db), call.account, { after: undefined, limit: LIMITS.policiesPerAccount });
      const counts = await countAttachments(reading(db), call.account);
      const all = [...own.map((row) => toPolicy(row, counts.get(row.arn) ?? 0)), ...(input.Scope === 'Local' ? [] : allAwsManaged().map((one) => fromAws(one, counts.get(one.arn) ?? 0)))]
        .filter((one) => one.Path?.startsWith(input.PathPrefix ?? '/') === true && (input.OnlyAttached !== true || (one.AttachmentCount ?? 0) > 0))
        .toSorted((a, b) => ((a.Arn ?? '') < (b.Arn ?? '') ? -1 : 1));
      const [Policies, more] = await context.pages.within({ operation: 'ListPolicies', call, input }, all, (one) => one.Arn ?? '');
      return { Policies: [...Policies], ...more };
    },

    async DeletePolicy(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, input.PolicyArn);
        const query = writing(tx);
        if ((await listVersions(query, row)).length > 1) {
          throw fail('DeleteConflictException', "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
        }
        if ((await listAttached(query, row.account, row.arn)).length > 0 || (await countBoundaries(query, row.account, row.arn)) > 0) {
          throw fail('DeleteConflictException', 'Cannot delete a policy attached to entities.');
        }
        await context.tags.remove(tx, row.account, row.arn);
        await deleteManagedPolicy(tx, row);
      });
      return {};
    },

    async ListEntitiesForPolicy(input, call) {
      if (input.PolicyUsageFilter === 'PermissionsBoundary') throw notSupported('PolicyUsageFilter PermissionsBoundary');
      if (awsManaged(input.PolicyArn) === undefined) await need(call.account, input.PolicyArn);
      const filter = input.EntityFilter;
      const attached = (await listAttached(reading(db), call.account, input.PolicyArn)).filter((one) => one.path.startsWith(input.PathPrefix ?? '/'))
        .filter((one) => filter === undefined || filter.toLowerCase() === one.kind);
      const [rows, more] = await context.pages.within({ operation: 'ListEntitiesForPolicy', call, input }, attached.map((one) => ({ ...one, key: `${one.kind}/${one.name}` })).toSorted((a, b) => (a.key < b.key ? -1 : 1)), (one) => one.key);
      return {
        PolicyUsers: rows.filter((one) => one.kind === 'user').map((one) => ({ UserName: one.name, UserId: one.id })),
        PolicyRoles: rows.filter((one) => one.kind === 'role').map((one) => ({ RoleName: one.name, RoleId: one.id })),
        PolicyGroups: rows.filter((one) => one.kind === 'group').map((one) => ({ GroupName: one.name, GroupId: one.id })),
        ...more,
      };
    },

    async CreatePolicyVersion(input, call) {
      checkDocument(input.PolicyDocument, 'identity');
      checkSize(input.PolicyDocument);
      const now = clock.now();
      const version = await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, input.PolicyArn);
        if ((await listVersions(writing(tx), row)).length >= LIMITS.versionsPerPolicy) {
          throw fail('LimitExceededException', `A managed policy can have up to ${LIMITS.versionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`);
        }
        const next = row.last_version + 1;
        await insertVersion(tx, { account: row.account, name_key: row.name_key, version: next, document: input.PolicyDocument, created: now });
        await updateManagedPolicy(tx, row, { updated: now, last_version: next, ...(input.SetAsDefault === true ? { default_version: next } : {}) });
        return next;
      });
      return { PolicyVersion: { VersionId: `v${version}`, IsDefaultVersion: input.SetAsDefault === true, CreateDate: now } };
    },

    async GetPolicyVersion(input, call) {
      const managed = awsManaged(input.PolicyArn);
      if (managed !== undefined) {
        if (input.VersionId !== 'v1') throw noVersion(input.PolicyArn, input.VersionId);
        return { PolicyVersion: { Document: encodeDocument(managed.document), VersionId: 'v1', IsDefaultVersion: true, CreateDate: AWS_MANAGED_CREATED } };
      }
      const row = await need(call.account, input.PolicyArn);
      const version = await findVersion(reading(db), row, versionNumber(input.VersionId));
      if (version === undefined) throw noVersion(input.PolicyArn, input.VersionId);
      return { PolicyVersion: { Document: encodeDocument(version.document), ...toVersion(version, row) } };
    },

    async ListPolicyVersions(input, call) {
      if (awsManaged(input.PolicyArn) !== undefined) return { Versions: [{ VersionId: 'v1', IsDefaultVersion: true, CreateDate: AWS_MANAGED_CREATED }], IsTruncated: false };
      const row = await need(call.account, input.PolicyArn);
      const rows = await listVersions(reading(db), row);
      // Newest first: a key that falls as the version rises.
      const [versions, more] = await context.pages.within({ operation: 'ListPolicyVersions', call, input }, rows, (one) => String(Number.MAX_SAFE_INTEGER - one.version));
      return { Versions: versions.map((one) => toVersion(one, row)), ...more };
    },

    async SetDefaultPolicyVersion(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, input.PolicyArn);
        const version = await findVersion(writing(tx), row, versionNumber(input.VersionId));
        if (version === undefined) throw noVersion(input.PolicyArn, input.VersionId);
        await updateManagedPolicy(tx, row, { default_version: version.version, updated: clock.now() });
      });
      return {};
    },

    async DeletePolicyVersion(input, call) {
      await context.write(call.account, async (tx) => {
        const row = await lockNeeded(tx, call.account, input.PolicyArn);
        const version = await findVersion(writing(tx), row, versionNumber(input.VersionId));
        if (version === undefined) throw noVersion(input.PolicyArn, input.VersionId);
        if (version.version === row.default_version) throw fail('DeleteConflictException', 'Cannot delete the default version of a policy.');
        await deleteVersion(tx, version);
      });
      return {};
    },
  } satisfies Partial<Operations<IAMApi>>;
}

function ownPolicyName(account: string, arn: string): string | undefined {
  const parsed = parseIamArn(arn);
  if (parsed === undefined || parsed.type !== 'policy') throw fail('InvalidInputException', `ARN ${arn} is not valid.`);
  return parsed.account === account ? parsed.name : undefined;
}

async function lockNeeded(tx: Transaction, account: string, arn: string): Promise<ManagedPolicyRow> {
  const parsed = parseIamArn(arn);
  if (parsed?.account === 'aws') throw fail('AccessDeniedException', `AWS managed policy ${arn} cannot be changed.`);
  const name = ownPolicyName(account, arn);
  const row = name === undefined ? undefined : await lockManagedPolicy(tx, account, keyOf(name));
  if (row === undefined || row.arn !== arn) throw notFound(arn);
  return row;
}

function checkSize(document: string): void {
  if (sizeOf(document) > LIMITS.managedPolicySize) throw fail('LimitExceededException', `Cannot exceed quota for PolicySize: ${LIMITS.managedPolicySize}`);
}

const versionNumber = (id: string): number => Number(id.slice(1).split('.')[0]);

function toVersion(row: PolicyVersionRow, policy: ManagedPolicyRow): PolicyVersion {
  return { VersionId: `v${row.version}`, IsDefaultVersion: row.version === policy.default_version, CreateDate: row.created };
}

function toPolicy(row: ManagedPolicyRow, attachments: number): Policy {
  return {
    PolicyName: row.name, PolicyId: row.id, Arn: row.arn, Path: row.path, DefaultVersionId: `v${row.default_version}`, AttachmentCount: attachments,
    IsAttachable: true, CreateDate: row.created, UpdateDate: row.updated,
  };
}

function fromAws(one: AwsManagedPolicy, attachments: number): Policy {
  return {
    PolicyName: one.name, PolicyId: one.id, Arn: one.arn, Path: one.path, DefaultVersionId: 'v1', AttachmentCount: attachments,
    IsAttachable: true, CreateDate: AWS_MANAGED_CREATED, UpdateDate: AWS_MANAGED_CREATED,
  };
}

const nameTaken = (name: string): Error => fail('EntityAlreadyExistsException', `A policy called ${name} already exists. Duplicate names are not allowed.`);
const notFound = (arn: string): Error => fail('NoSuchEntityException', `Policy ${arn} was not found.`);
const noVersion = (arn: string, version: string): Error => fail('NoSuchEntityException', `Policy ${arn} version ${version} does not exist or is not attachable.`);
