import type { ServerResponse } from 'node:http';
import type { Database } from '../../../kernel/database.ts';
import type { Door } from '../../../kernel/door.ts';
import type { KeyedHash } from '../../../kernel/seal.ts';
import { readBuild } from '../builds/build.ts';
import { credentialsPath } from './environment.ts';
import type { Held } from '../steps/held.ts';
import { findBuildByToken } from '../builds/store.ts';

/** The purpose under which a build's token is hashed. */
export const tokenPurpose = 'codebuild/build-credentials';

/**
 * Credentials of a build's service role for the build's own processes, by the SDKs' container provider: the token that
 * the build was given comes in, expiring keys go out, as long as the build is in progress.
 */
export function credentialsDoor({ db, hash, held }: { db: Database; hash: KeyedHash; held: Held }): Door {
  return {
    name: 'build credentials',
    matches: ({ method, path }) => method === 'GET' && path === credentialsPath,
    async handle(request, response) {
      const token = request.headers.authorization ?? '';
      const row = token === '' ? undefined : await findBuildByToken(db, hash(token, tokenPurpose));
      if (!row) return answer(response, 403, { code: 'AccessDenied', message: 'The token belongs to no build in progress' });
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await held.credentials(readBuild(row));
      answer(response, 200, { RoleArn: readBuild(row).definition.serviceRole, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration: new Date(expiration).toISOString() });
    },
  };
}

function answer(response: ServerResponse, status: number, body: Record<string, string>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
