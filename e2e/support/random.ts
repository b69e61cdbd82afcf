import { randomBytes } from 'node:crypto';

/** A name that no other run has had: `kind-1f3a9c`. */
export const randomName = (kind: string): string => `${kind}-${randomBytes(3).toString('hex')}`;

/** Something for a page to say that nobody else says. */
export const randomText = (): string => randomBytes(24).toString('base64url');
