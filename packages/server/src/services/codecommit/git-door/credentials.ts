import type { IncomingMessage } from 'node:http';
import type { AccessKeys, ServicePasswords } from '../../../kernel/access.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { isSignedWith, parseGitPassword } from './password.ts';
import type { GitPassword } from './password.ts';
import { limits } from '../limits.ts';

/** Which regions there are: the one meant where nothing says so, and all that may be meant. */
export interface Regions {
  readonly default: string;
  readonly known: readonly string[];
}

export interface GitCredentialsDeps {
  readonly clock: Clock;
  readonly accessKeys: AccessKeys;
  readonly servicePasswords: ServicePasswords;
  readonly regions: Regions;
}

/** Who a git client is. The region is undefined where neither the host nor the signature tells it. */
export interface GitClient {
  readonly caller: Caller;
  readonly region: string | undefined;
}

/** Wrong credentials; the message is for the client and says no more than it may know. */
export class BadCredentials extends Error {
  override readonly name = 'BadCredentials';
}

/**
 * Who sends this request: Basic credentials that are a pair made for git by IAM, or an access key's id with a signed
 * password. Undefined without credentials. `path` is what git was given, without the service's part.
 * @throws BadCredentials
 */
export async function gitClient(deps: GitCredentialsDeps, request: IncomingMessage, path: string): Promise<GitClient | undefined> {
  const pair = basic(request.headers.authorization);
  if (!pair) return undefined;
  const host = request.headers.host ?? '';
  const hostRegion = /^git-codecommit(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?(?::\d+)?$/.exec(host)?.[1];
  const password = parseGitPassword(pair.password);
  if (password) return signedClient(deps, pair.userName, password, { host, hostRegion, path });
  const caller = await deps.servicePasswords.verify(pair.userName, pair.password, 'codecommit.amazonaws.com');
  if (!caller) throw new BadCredentials('The Git user name or password is wrong, or inactive.');
  return { caller, region: hostRegion };
}

async function signedClient(
  { clock, accessKeys, regions }: GitCredentialsDeps,
  userName: string,
  password: GitPassword,
  { host, hostRegion, path }: { host: string; hostRegion: string | undefined; path: string },
): Promise<GitClient> {
  const at = userName.indexOf('%');
  const accessKeyId = at < 0 ? userName : userName.slice(0, at);
  const token = at < 0 ? undefined : userName.slice(at + 1);
  const key = await accessKeys.find(accessKeyId);
  if (!key || key.sessionToken !== token) throw new BadCredentials('The access key or session token in the Git user name is not valid.');
  if (key.expiration !== undefined && key.expiration <= clock.now()) throw new BadCredentials('The session token in the Git user name has expired.');
  if (Math.abs(clock.now() - password.time) > limits.passwordSkew) throw new BadCredentials('The signed Git password has expired, or this machine\'s time is wrong.');
  // The region is not sent, and clients differ in whether they sign the port.
  const candidates = hostRegion === undefined ? [regions.default, ...regions.known.filter((name) => name !== regions.default)] : [hostRegion];
  for (const region of candidates) {
    for (const signedHost of new Set([host, host.replace(/:\d+$/, '')])) {
      if (isSignedWith(password, { secretAccessKey: key.secretAccessKey, region, host: signedHost, path })) return { caller: key.caller, region };
    }
  }
  throw new BadCredentials('The signature in the Git password does not match.');
}

function basic(header: string | undefined): { userName: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { userName: text.slice(0, colon), password: text.slice(colon + 1) };
}
