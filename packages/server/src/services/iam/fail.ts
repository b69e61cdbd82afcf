import type { IAMApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';
import { MalformedPolicy, parsePolicy } from './policy/index.ts';
import type { PolicyKind } from './policy/index.ts';
import type { EntityKind } from './store/tables.ts';

export const fail = failures<IAMApi, 'ValidationError' | 'AccessDenied'>();

export const cannotBeFound = (kind: string, name: string): Error => fail('NoSuchEntityException', `The ${kind} with name ${name} cannot be found.`);

export const notSupported = (member: string): Error => fail('InvalidInputException', `${member} is not supported by Slipway yet.`);

const TITLES: Readonly<Record<EntityKind, string>> = { user: 'User', role: 'Role', group: 'Group' };
export const titleOf = (kind: EntityKind): string => TITLES[kind];

/** Refuses a document that AWS would refuse. */
export function checkDocument(document: string, kind: PolicyKind): void {
  try {
    parsePolicy(document, kind);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw fail('MalformedPolicyDocumentException', error.message, { cause: error });
    throw error;
  }
}
