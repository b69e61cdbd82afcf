export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * A build's credentials by the first two steps of the SDKs' chain: keys in the environment, then the address that hands them
 * out. That one is asked from outside of the build's network, by a variable that the build's owner may set: where there is a
 * `server`, it is the only one that is asked.
 */
export async function credentialsOf(env: Readonly<Record<string, string>>, server?: string): Promise<RoleCredentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = env;
  if (!uri) throw new Error('the build has no AWS credentials');
  if (server !== undefined && new URL(uri).origin !== new URL(server).origin) throw new Error(`the build's credentials are handed out by ${new URL(server).origin}, not by ${new URL(uri).origin}`);
  const answer = await fetch(uri, { headers: authorization ? { authorization } : {}, redirect: 'error', signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`the build's credentials are not to be had: HTTP status ${answer.status}`);
  const { AccessKeyId, SecretAccessKey, Token } = (await answer.json()) as Record<string, unknown>;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') throw new Error("the build's credentials are not to be read");
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, ...(typeof Token === 'string' ? { sessionToken: Token } : {}) };
}
