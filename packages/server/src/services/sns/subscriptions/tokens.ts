import { timingSafeEqual } from 'node:crypto';
import type { KeyedHash } from '../../../kernel/seal.ts';
import { invalid } from '../fail.ts';
import type { SubscriptionRow } from '../tables.ts';

/**
 * A confirmation's token: the subscription's id, and a hash under the installation's key of what only its row says. It is
 * not kept anywhere, and a subscription made anew has another.
 */
export function tokenOf(hash: KeyedHash, row: Pick<SubscriptionRow, 'arn' | 'id' | 'nonce'>): string {
  return `${row.id.replaceAll('-', '')}${Buffer.from(hash(`${row.arn}\0${row.nonce}`, 'sns confirmation'), 'base64url').toString('hex')}`;
}

/** The id of the subscription that a token is for, before anything of it is believed. */
export function idIn(token: string): string {
  const match = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})[0-9a-f]{64}$/.exec(token);
  if (match === null) throw invalidToken();
  return match.slice(1).join('-');
}

export function isTokenOf(hash: KeyedHash, row: SubscriptionRow, token: string): boolean {
  const own = Buffer.from(tokenOf(hash, row));
  const given = Buffer.from(token);
  return own.length === given.length && timingSafeEqual(own, given);
}

export const invalidToken = (): Error => invalid('Token');
