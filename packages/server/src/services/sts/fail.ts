import type { STSApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<STSApi, 'ValidationError' | 'AccessDenied'>();

/** Refuses members that Slipway does not honour. */
export function refuseUnsupported<Input extends object>(input: Input, ...members: (keyof Input & string)[]): void {
  const given = members.find((member) => input[member] !== undefined);
  if (given !== undefined) throw fail('ValidationError', `${given} is not supported by Slipway yet.`, { status: 400 });
}
