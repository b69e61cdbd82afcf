import { askForCredentials } from '../runners/network/credentials.ts';
import type { CredentialsSource } from '../runners/network/credentials.ts';

export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * A build's credentials by the first two steps of the SDKs' chain: keys in the environment, then the address that hands them
 * out. That one is asked from outside of the build's network, by a variable that the build's owner may set: where there is a
 * `source`, it is the only one that is asked.
 */
export async function credentialsOf(env: Readonly<Record<string, string>>, source?: CredentialsSource): Promise<RoleCredentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: named, AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = env;
  const url = named || source?.url;
  if (!url) throw new Error('the build has no AWS credentials');
  if (source !== undefined && url !== source.url) throw new Error(`the build's credentials are handed out by ${new URL(source.url).origin}, not by ${url}`);
  const { status, body } = await askForCredentials(source ?? { url }, authorization || undefined);
  if (status !== 200) throw new Error(`the build's credentials are not to be had: HTTP status ${status}`);
  const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(body) as Record<string, unknown>;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') throw new Error("the build's credentials are not to be read");
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...(typeof Token === 'string' ? { sessionToken: Token } : {}) };
}
