import { formatArn } from '../../kernel/arn.ts';

/** ARNs of IAM's resources: global, so without a region. */
const arn = (account: string, resource: string): string => formatArn({ service: 'iam', account, resource });

export const userArn = (account: string, path: string, name: string): string => arn(account, `user${path}${name}`);
export const roleArn = (account: string, path: string, name: string): string => arn(account, `role${path}${name}`);
export const groupArn = (account: string, path: string, name: string): string => arn(account, `group${path}${name}`);
export const policyArn = (account: string, path: string, name: string): string => arn(account, `policy${path}${name}`);
export const rootArn = (account: string): string => arn(account, 'root');

export interface IamArn {
  readonly account: string;
  readonly type: 'user' | 'role' | 'group' | 'policy';
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly name: string;
}

/** Undefined for anything but the ARN of a user, role, group or policy. The account of AWS's own policies is `aws`. */
export function parseIamArn(arn: string): IamArn | undefined {
  const found = /^arn:aws:iam::(\d{12}|aws):(user|role|group|policy)(\/(?:[^:]*\/)?)([^/:]+)$/.exec(arn);
  if (found === null) return undefined;
  return { account: found[1]!, type: found[2] as IamArn['type'], path: found[3]!, name: found[4]! };
}
