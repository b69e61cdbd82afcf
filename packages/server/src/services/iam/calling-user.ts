import type { Call } from '../../kernel/service.ts';
import { parseIamArn } from './arns.ts';
import { fail } from './fail.ts';

/** The user an operation is about: the one named, or the caller. Only users can leave the name out. */
export function callingUser(name: string | undefined, call: Call): string {
  if (name !== undefined) return name;
  const own = call.caller.kind === 'user' ? parseIamArn(call.caller.principalArn) : undefined;
  if (own === undefined) throw fail('ValidationError', 'Must specify userName when calling with non-User credentials', { status: 400 });
  return own.name;
}
