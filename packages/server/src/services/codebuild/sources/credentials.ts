import type { ProjectSource, ServerType } from '@slipway/contracts/codebuild';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { Place } from '../../../kernel/place.ts';
import type { Seal } from '../../../kernel/seal.ts';
import { secretFields } from '../secret-fields.ts';
import { findSourceCredential, sealedPlace } from '../source-credentials/store.ts';
import { SourceError } from './source.ts';

export interface UserAndPassword {
  readonly userName: string;
  readonly password: string;
}

/** Whom a provider takes a token's owner to be, where the token says it all. */
const TOKEN_USERS: Readonly<Record<ServerType, string>> = {
  GITHUB: 'x-access-token', GITHUB_ENTERPRISE: 'x-access-token', GITLAB: 'oauth2', GITLAB_SELF_MANAGED: 'oauth2', BITBUCKET: 'x-token-auth',
};

export interface CredentialDeps {
  readonly db: Database;
  readonly seal: Seal;
  readonly peers: Peers;
}

/** What a source is fetched with: the source's own secret, else what was imported for its provider, else nothing. @throws SourceError */
export async function credentialsOf(deps: CredentialDeps, place: Place, role: Caller, source: ProjectSource): Promise<UserAndPassword | undefined> {
  const found = await given(deps, place, role, source);
  if (found !== undefined && !isConfidential(source.location ?? '')) throw new SourceError(`authentication failed: credentials are sent by https only, not to ${source.location ?? ''}`);
  return found;
}

/** Whoever stands between here and there reads what goes by plain http; to this machine itself there is nobody. */
function isConfidential(location: string): boolean {
  const { protocol, hostname } = new URL(location);
  return protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function given({ db, seal, peers }: CredentialDeps, place: Place, role: Caller, source: ProjectSource): Promise<UserAndPassword | undefined> {
  const type = source.type as ServerType;
  if (source.auth?.type === 'SECRETS_MANAGER') return fromSecret(peers, place, role, type, source.auth.resource ?? '');
  const row = await findSourceCredential(db, place, type);
  if (!row) return undefined;
  const token = seal.open(row.token, sealedPlace(row));
  if (row.auth_type === 'SECRETS_MANAGER') return fromSecret(peers, place, role, type, token);
  return { userName: row.user_name ?? TOKEN_USERS[type], password: token };
}

/** A secret holds `{ "ServerType", "AuthType", "Token", "Username" }`: AWS User Guide, "Secrets Manager token". */
async function fromSecret(peers: Peers, { region }: Place, role: Caller, type: ServerType, id: string): Promise<UserAndPassword> {
  let text: string | undefined;
  try {
    text = (await peers.as(role)['secrets-manager'].GetSecretValue({ SecretId: id }, { region })).SecretString;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new SourceError(`authentication failed: the secret ${id} cannot be read: ${error.name}: ${error.message}`, { cause: error });
  }
  const { Token, Username } = secretFields(text);
  if (typeof Token !== 'string') throw new SourceError(`authentication failed: the secret ${id} holds no JSON with a Token`);
  return { userName: typeof Username === 'string' ? Username : TOKEN_USERS[type], password: Token };
}
