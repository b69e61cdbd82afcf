import type { CloudWatchLogsApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CloudWatchLogsApi>();

export interface Place {
  readonly account: string;
  readonly region: string;
}

export const groupArn = (at: Place, group: string): string => `arn:aws:logs:${at.region}:${at.account}:log-group:${group}`;
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

/** Refuses a member that is not honoured, by its name. */
export function refuse(input: object, ...members: readonly string[]): void {
  const given = input as Readonly<Record<string, unknown>>;
  for (const member of members) {
    if (given[member] !== undefined && given[member] !== false) throw fail('InvalidParameterException', `${member} is not supported by Slipway yet`);
  }
}

/** Opaque paging tokens: the last key of a page. */
export const tokens = {
  of: (key: readonly (string | number)[]): string => Buffer.from(JSON.stringify(key)).toString('base64url'),
  read(token: string | undefined): readonly (string | number)[] | undefined {
    if (token === undefined) return undefined;
    try {
      const key = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown;
      if (Array.isArray(key) && key.every((part) => typeof part === 'string' || typeof part === 'number')) return key as (string | number)[];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw fail('InvalidParameterException', 'The specified nextToken is invalid.');
  },
};
