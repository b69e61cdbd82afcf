import { invalid } from './fail.ts';
import { LEVELS, NAME_LENGTH } from './limits.ts';

/** @throws ValidationException or HierarchyLevelLimitExceededException for a name that no parameter can have. */
export function checkName(name: string): void {
  if (name.length > NAME_LENGTH) throw invalid(`Parameter name: can't be longer than ${NAME_LENGTH} characters.`);
  if (/^\/?(aws|ssm)/i.test(name)) throw invalid('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
  if (!/^[A-Za-z0-9_.\-/]+$/.test(name) || name.endsWith('/') || name.includes('//')) {
    throw invalid('Parameter name: only letters, numbers and the symbols .-_ are allowed, in levels separated by a slash that each have at least one of them.');
  }
  if (name.includes('/') && !name.startsWith('/')) throw invalid('Parameter name must be a fully qualified name: a name with levels begins with a slash.');
  if (name.split('/').length - 1 > LEVELS) throw invalid(`Parameter name: can't have more than ${LEVELS} levels.`);
}

/** What a caller asks for by name: the latest version, or the one behind `name:3` or `name:label`. */
export interface Wanted {
  readonly name: string;
  /** As written, colon included; AWS gives it back. */
  readonly selector: string | undefined;
}

export function wantedOf(written: string): Wanted {
  const colon = written.lastIndexOf(':');
  return colon < 0 ? { name: written, selector: undefined } : { name: written.slice(0, colon), selector: written.slice(colon) };
}

/** A label as AWS allows it: letters, numbers and `.-_`, no number in front, neither `aws` nor `ssm`. */
export const isLabel = (label: string): boolean => label.length <= 100 && /^[A-Za-z_.-][A-Za-z0-9_.-]*$/.test(label) && !/^(aws|ssm)/i.test(label);
