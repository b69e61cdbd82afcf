import type { CloudWatchLogsApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CloudWatchLogsApi>();

/** Refuses a member that is not honoured, by its name. */
export function refuse(input: object, ...members: readonly string[]): void {
  const given = input as Readonly<Record<string, unknown>>;
  for (const member of members) {
    if (given[member] !== undefined && given[member] !== false) throw fail('InvalidParameterException', `${member} is not supported by Slipway yet`);
  }
}

export const invalidToken = () => fail('InvalidParameterException', 'The specified nextToken is invalid.');
