import { text } from 'node:stream/consumers';
import { gitPassword } from '@slipway/sigv4';
import { UsageError } from './usage.ts';

/**
 * Git's credential helper protocol (`get` alone; `store` and `erase` have nothing to keep): answers an access key id and a
 * signature over the repository's path, as AWS's own helper does. Needs `credential.UseHttpPath=true`.
 */
export async function credentialHelper(args: string[]): Promise<void> {
  const action = args.at(-1);
  if (action !== 'get') return;
  const asked = Object.fromEntries((await text(process.stdin)).split('\n').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const { host, path } = asked;
  if (!host || !path) throw new UsageError('git gave no path; set credential.UseHttpPath=true');
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (!accessKeyId || !secretAccessKey || !region) throw new UsageError('needs AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION in the environment');
  const password = gitPassword({ host, path: `/${path}`, region, secretAccessKey, now: Date.now() });
  console.log(`username=${sessionToken ? `${accessKeyId}%${sessionToken}` : accessKeyId}\npassword=${password}`);
}
