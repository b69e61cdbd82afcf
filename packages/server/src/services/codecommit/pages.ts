import { createHash } from 'node:crypto';
import { fail } from './failures.ts';

/**
 * A page's token: where the page before ended, bound to the question it was given for. It holds nothing that the asker
 * did not see, so it needs no secret.
 */
export function nextToken(question: readonly unknown[], last: unknown): string {
  return Buffer.from(JSON.stringify([fingerprint(question), last])).toString('base64url');
}

/** @throws InvalidContinuationTokenException for a token of another question, or none of ours */
export function readToken<Last>(question: readonly unknown[], token: string | undefined, isLast: (value: unknown) => value is Last): Last | undefined {
  if (token === undefined || token === '') return undefined;
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw refused();
  }
  if (!Array.isArray(read) || read[0] !== fingerprint(question) || !isLast(read[1])) throw refused();
  return read[1];
}

const refused = (): Error => fail('InvalidContinuationTokenException', 'The specified continuation token is not valid.');

const fingerprint = (question: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 16);
