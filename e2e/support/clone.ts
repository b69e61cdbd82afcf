import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runToEnd, type Credentials, type Ended } from '@slipway/testkit';
import type { Files } from './site.ts';
import type { World } from './world.ts';

/** How git gets its user name and password. */
export type GitAccess =
  /** By the credential helper of the stock `aws` CLI. */
  | { readonly helper: Credentials }
  /** Git credentials, made once for a user. */
  | { readonly user: string; readonly password: string }
  | 'none';

/** A developer's clone, worked on with the machine's own git. */
export interface Clone {
  readonly folder: string;
  readonly git: (...args: string[]) => Promise<Ended>;
  /** Makes the work tree hold just these files, commits them and answers the commit's id. */
  commit(files: Files): Promise<string>;
  /** @throws Error with git's words when the push is refused. */
  push(branch: string): Promise<void>;
}

/** A new repository with `origin` at the URL. */
export async function startClone(world: World, { name, url, access }: { name: string; url: string; access: GitAccess }): Promise<Clone> {
  const folder = join(world.folder, 'clones', name);
  await mkdir(folder, { recursive: true });
  const settings = ['user.name=Somebody', 'user.email=somebody@example.com', 'core.hooksPath=/dev/null', `credential.${world.endpoint}.helper=`, ...(await helperOf(world, access, folder))];
  const env = world.environment(typeof access === 'object' && 'helper' in access ? access.helper : undefined);
  const git = (...args: string[]): Promise<Ended> => runToEnd('git', ['-C', folder, ...settings.flatMap((setting) => ['-c', setting]), ...args], { env });
  const must = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await git(...args);
    if (code !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
    return stdout.trim();
  };
  await must('init', '--quiet');
  await must('remote', 'add', 'origin', url);
  return {
    folder,
    git,
    async commit(files) {
      await must('rm', '-r', '--quiet', '--force', '--ignore-unmatch', '.');
      for (const [path, content] of Object.entries(files)) {
        const file = join(folder, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
        if (path.endsWith('.sh')) await chmod(file, 0o755);
      }
      await must('add', '--all');
      await must('commit', '--quiet', '--allow-empty', '--message', 'Change the site');
      return must('rev-parse', 'HEAD');
    },
    async push(branch) {
      await must('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
    },
  };
}

async function helperOf(world: World, access: GitAccess, folder: string): Promise<string[]> {
  const scope = `credential.${world.endpoint}`;
  if (access === 'none') return [];
  // Git puts the verb last, and the CLI takes its flag behind it only.
  if ('helper' in access) return [`${scope}.helper=!f() { aws codecommit credential-helper "$1" --ignore-host-check; }; f`, `${scope}.UseHttpPath=true`];
  const { host, protocol } = new URL(world.endpoint);
  const file = `${folder}.credentials`;
  await rm(file, { force: true });
  await writeFile(file, `${protocol}//${encodeURIComponent(access.user)}:${encodeURIComponent(access.password)}@${host}\n`, { mode: 0o600 });
  return [`${scope}.helper=store --file='${file}'`];
}
