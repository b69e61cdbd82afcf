import type { Aws, Credentials } from '@slipway/testkit';

export interface Statement {
  readonly Effect?: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
}

const document = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })) });

export const trustOf = (service: string): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });

const POLICY = 'work';

/** A service's role, whose permissions can be taken away one by one. */
export interface ServiceRole {
  readonly name: string;
  readonly arn: string;
  readonly service: string;
  readonly statements: readonly Statement[];
}

export async function createServiceRole(aws: Aws, name: string, service: string, ...statements: Statement[]): Promise<ServiceRole> {
  const { Role } = await aws.iam.createRole({ RoleName: name, AssumeRolePolicyDocument: trustOf(service) });
  const role = { name, arn: Role?.Arn ?? '', service, statements };
  await allow(aws, role);
  return role;
}

/** Gives the role its statements, but for one action. */
export async function allow(aws: Aws, { name, statements }: ServiceRole, but?: string): Promise<void> {
  const left = statements.map((statement) => ({ ...statement, Action: statement.Action.filter((action) => action !== but) })).filter(({ Action }) => Action.length > 0);
  await aws.iam.putRolePolicy({ RoleName: name, PolicyName: POLICY, PolicyDocument: document(left) });
}

export interface User extends Credentials {
  readonly name: string;
  readonly arn: string;
}

export async function createUser(aws: Aws, name: string, ...statements: Statement[]): Promise<User> {
  const { User } = await aws.iam.createUser({ UserName: name });
  await aws.iam.putUserPolicy({ UserName: name, PolicyName: POLICY, PolicyDocument: document(statements) });
  const { AccessKey } = await aws.iam.createAccessKey({ UserName: name });
  return { name, arn: User?.Arn ?? '', accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

/** Git credentials of the user, as `startClone` takes them. */
export async function gitCredentials(aws: Aws, { name }: User): Promise<{ user: string; password: string }> {
  const { ServiceSpecificCredential: made } = await aws.iam.createServiceSpecificCredential({ UserName: name, ServiceName: 'codecommit.amazonaws.com' });
  return { user: made?.ServiceUserName ?? '', password: made?.ServicePassword ?? '' };
}
