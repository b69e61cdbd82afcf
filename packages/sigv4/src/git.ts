import { ALGORITHM, amzDate, scopeText, sign, signingKey } from './signature.ts';
import { sha256Hex } from './canonical.ts';

export interface GitPasswordRequest {
  /** As the client signs it: some clients leave the port off. */
  readonly host: string;
  /** `/v1/repos/<name>`, as git was given it. */
  readonly path: string;
  readonly region: string;
  readonly secretAccessKey: string;
  /** ms UTC; to check a password, the time that it names. */
  readonly now: number;
}

/**
 * The password by which git shows that it holds an access key: `<time>Z<signature>` over the made-up method GIT.
 * Unlike an API request it signs no payload, and its time carries no `Z` inside the string to sign.
 */
export function gitPassword(request: GitPasswordRequest): string {
  const timestamp = amzDate(request.now).slice(0, -1);
  const scope = { date: timestamp.slice(0, 8), region: request.region, service: 'codecommit' };
  const canonical = `GIT\n${request.path}\n\nhost:${request.host}\n\nhost\n`;
  const text = `${ALGORITHM}\n${timestamp}\n${scopeText(scope)}\n${sha256Hex(canonical)}`;
  return `${timestamp}Z${sign(signingKey(request.secretAccessKey, scope), text)}`;
}
