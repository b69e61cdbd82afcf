import { formatArn } from '../../kernel/arn.ts';
import type { Place } from '../../kernel/place.ts';
import { fail } from './fail.ts';

export const groupArn = ({ account, region }: Place, group: string): string => formatArn({ service: 'logs', region, account, resource: `log-group:${group}` });
export const streamArn = (at: Place, group: string, stream: string): string => `${groupArn(at, group)}:log-stream:${stream}`;

/** The group of an ARN, with or without the `:*` that policies use. Undefined when it is not one of this account and region. */
export function groupOfArn(at: Place, arn: string): string | undefined {
  const prefix = groupArn(at, '');
  if (!arn.startsWith(prefix)) return undefined;
  const name = arn.slice(prefix.length).replace(/:\*$/, '');
  return name === '' || name.includes(':') ? undefined : name;
}

/** The group that `logGroupName` or `logGroupIdentifier` (name or ARN) means; AWS wants exactly one of them. */
export function groupOf(at: Place, input: { readonly logGroupName?: string; readonly logGroupIdentifier?: string }): string {
  const { logGroupName, logGroupIdentifier } = input;
  if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
    throw fail('InvalidParameterException', 'Exactly one of logGroupName and logGroupIdentifier must be specified');
  }
  const named = logGroupName ?? (logGroupIdentifier as string);
  if (!named.startsWith('arn:')) return named;
  const group = groupOfArn(at, named);
  if (group === undefined) throw fail('InvalidParameterException', 'The specified logGroupIdentifier is not a log group of this account and region.');
  return group;
}
