import { randomUUID } from 'node:crypto';
import { constants, watch } from 'node:fs';
import { open, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { gitPassword } from '@slipway/sigv4';
import { isCode } from '../is-code.ts';
import { holdFolder } from '../runners/in-place.ts';
import { CannotOpen } from '../runners/runner.ts';
import { quote } from '../runners/session.ts';
import type { CredentialsSource } from '../runners/network/credentials.ts';
import { credentialsOf } from './credentials.ts';
import { makeOpen, writeProgram } from './tools.ts';
import type { Tools } from './tools.ts';

/**
 * Git's credential helper inside the build. It needs nothing but a shell, in any image: it leaves a note of the host and
 * the path, and prints what we write beside it. Signing happens on our side, where the build's role is known.
 */
const HELPER = `#!/bin/sh
[ "$1" = get ] || exit 0
host= path=
while IFS='=' read -r key value && [ -n "$key" ]; do
  case "$key" in (host) host=$value ;; (path) path=$value ;; esac
done
here=\${0%/*}
umask 022
id=$$
while [ -e "$here/answered/$id" ]; do id=$id.1; done
printf '%s\\n%s\\n' "$host" "$path" >"$here/asked/.$id" && mv -f "$here/asked/.$id" "$here/asked/$id" || exit 1
tries=0
until [ -f "$here/answered/$id" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo 'git-credential-helper: no answer' >&2; exit 1; }
  sleep 0.1 2>/dev/null || sleep 1
done
cat "$here/answered/$id"
`;

const MAX_QUESTION_BYTES = 8_192;

export interface GitHelper {
  /** For the build's environment: what `git-credential-helper: yes` means to git. */
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/**
 * `git-credential-helper: yes`: git in the build reaches CodeCommit repositories, by the endpoint's URLs and by AWS's own,
 * as the build's role. `source`: the only place that credentials are asked of, where the build itself could reach no other.
 * @throws CannotOpen where the environment does not say who the build is
 */
export async function openGitHelper(tools: Tools, env: Readonly<Record<string, string>>, log: (line: string) => void, source?: CredentialsSource): Promise<GitHelper> {
  const endpoint = env['AWS_ENDPOINT_URL']?.replace(/\/+$/, '');
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (!endpoint || !region) throw new CannotOpen('git-credential-helper needs AWS_ENDPOINT_URL and AWS_REGION in the environment of the build');
  await writeProgram(join(tools.host, 'git-credential'), HELPER);
  // Both are held open: whatever the build puts in their place, we write nowhere else.
  await makeOpen(join(tools.host, 'asked'), 0o777);
  await makeOpen(join(tools.host, 'answered'), 0o755);
  const asked = holdFolder(join(tools.host, 'asked'));
  const answered = holdFolder(join(tools.host, 'answered'));
  const host = new URL(endpoint).host;
  const answer = async (name: string): Promise<void> => {
    const question = await take(join(asked.path, name));
    if (question === undefined) return;
    const [asks = '', path = ''] = question.split('\n');
    if (asks !== host) return log(`git-credential-helper: ${JSON.stringify(asks)} is not a host of repositories of this installation`);
    const { accessKeyId, secretAccessKey, sessionToken } = await credentialsOf(env, source);
    const password = gitPassword({ host, path: `/${path}`, region, secretAccessKey, now: Date.now() });
    const aside = join(answered.path, `.${randomUUID()}`);
    await writeFile(aside, `username=${sessionToken === undefined ? accessKeyId : `${accessKeyId}%${sessionToken}`}\npassword=${password}\n`, { flag: 'wx', mode: 0o644 });
    await rename(aside, join(answered.path, name));
  };
  const look = async (): Promise<void> => {
    for (const name of await readdir(asked.path)) if (/^\d+(?:\.1){0,99}$/.test(name)) await answer(name);
  };
  let closed = false;
  let looking = Promise.resolve();
  const watcher = watch(asked.path, () => {
    looking = looking.then(() => (closed ? undefined : look())).catch((error: unknown) => log(`git-credential-helper: ${error instanceof Error ? error.message : String(error)}`));
  });
  return {
    environment: gitConfig(env, endpoint, region, posix.join(tools.build, 'git-credential')),
    close: () => {
      closed = true;
      watcher.close();
      void looking.then(() => {
        asked.release();
        answered.release();
      });
    },
  };
}

/** Behind what the build's own environment already tells git. */
function gitConfig(env: Readonly<Record<string, string>>, endpoint: string, region: string, helper: string): Record<string, string> {
  const already = Number.parseInt(env['GIT_CONFIG_COUNT'] ?? '0', 10) || 0;
  const settings: [string, string][] = [
    [`credential.${endpoint}.helper`, ''],
    [`credential.${endpoint}.helper`, `!${quote(helper)}`],
    [`credential.${endpoint}.UseHttpPath`, 'true'],
    [`url.${endpoint}/v1/repos/.insteadOf`, `https://git-codecommit.${region}.amazonaws.com/v1/repos/`],
  ];
  const variables = settings.flatMap(([key, value], at) => [[`GIT_CONFIG_KEY_${already + at}`, key], [`GIT_CONFIG_VALUE_${already + at}`, value]]);
  return { GIT_CONFIG_COUNT: String(already + settings.length), ...Object.fromEntries(variables) };
}

/** Reads and removes a note of the build's; anything but a small file is only removed. */
async function take(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (!isCode(error, 'ENOENT', 'ELOOP')) throw error;
  }
  try {
    const stats = await file?.stat();
    if (file === undefined || stats === undefined || !stats.isFile() || stats.size > MAX_QUESTION_BYTES) return undefined;
    return await file.readFile('utf8');
  } finally {
    await file?.close();
    // A folder stays: to remove what it holds while the build changes it could lead out of it.
    await unlink(path).catch((error: unknown) => {
      if (!isCode(error, 'ENOENT', 'EISDIR', 'EPERM')) throw error;
    });
  }
}
