import type { Kysely } from 'kysely';
import type { Database, Transaction } from '../../../kernel/database.ts';

export type EntityKind = 'user' | 'role' | 'group';
export type CredentialStatus = 'Active' | 'Inactive';

// Types, not interfaces: Kysely wants tables that are records.
export type EntityRow = {
  account: string;
  kind: EntityKind;
  name_key: string;
  name: string;
  id: string;
  path: string;
  created: number;
  /** ARN of the permissions boundary. */
  boundary: string | null;
  /** Roles only, as are the next two. */
  trust: string | null;
  description: string | null;
  max_session: number | null;
};

export type ManagedPolicyRow = {
  account: string;
  name_key: string;
  name: string;
  id: string;
  path: string;
  arn: string;
  description: string | null;
  created: number;
  updated: number;
  default_version: number;
  last_version: number;
};

export type PolicyVersionRow = {
  account: string;
  name_key: string;
  version: number;
  document: string;
  created: number;
};

export type AccessKeyRow = {
  account: string;
  access_key_id: string;
  /** Empty for the account's root. */
  user_key: string;
  /** Sealed. */
  secret: string;
  status: CredentialStatus;
  created: number;
};

export type SshKeyRow = {
  account: string;
  /** APKA…, the user name of SSH. */
  id: string;
  user_key: string;
  /** `ssh-rsa AAAA…` */
  body: string;
  fingerprint: string;
  status: CredentialStatus;
  created: number;
};

export type ServiceCredentialRow = {
  account: string;
  id: string;
  user_key: string;
  service: string;
  service_user_name: string;
  password_hash: string;
  status: CredentialStatus;
  created: number;
};

export type IamTables = {
  iam_entities: EntityRow;
  iam_memberships: { account: string; group_key: string; user_key: string };
  iam_inline_policies: { account: string; kind: EntityKind; owner_key: string; name: string; document: string };
  iam_managed_policies: ManagedPolicyRow;
  iam_managed_policy_versions: PolicyVersionRow;
  iam_attachments: { account: string; kind: EntityKind; owner_key: string; policy_arn: string };
  iam_access_keys: AccessKeyRow;
  iam_service_credentials: ServiceCredentialRow;
  iam_ssh_keys: SshKeyRow;
};

export type IamQuery = Kysely<IamTables>;

export const reading = (db: Database): IamQuery => db.read.withTables<IamTables>();
export const writing = (tx: Transaction): IamQuery => tx.query.withTables<IamTables>();

/** Names differ by more than case. */
export const keyOf = (name: string): string => name.toLowerCase();

/** Of one entity: what inline policies, attachments and memberships hang on. */
export interface EntityKey {
  readonly account: string;
  readonly kind: EntityKind;
  readonly name_key: string;
}
