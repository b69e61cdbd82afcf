import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Slipway } from '@slipway/testkit';

interface GitRun { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs the stock git client, as a user without any configuration of the machine's. Never rejects. */
export function gitClient(cwd: string, environment: Record<string, string> = {}) {
  return (...args: string[]): Promise<GitRun> => new Promise((resolve) => {
    const env = {
      ...process.env, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', NO_PROXY: '127.0.0.1',
      GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com', ...environment,
    };
    execFile('git', args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }));
  });
}

/** A repository's clone address with Git credentials made for the user, and the id of those. */
export async function gitAddress(s: Slipway, userName: string, repositoryName: string): Promise<{ url: string; credentialId: string }> {
  const { ServiceSpecificCredential: made } = await s.aws.iam.createServiceSpecificCredential({ UserName: userName, ServiceName: 'codecommit.amazonaws.com' });
  const { repositoryMetadata } = await s.aws.codecommit.getRepository({ repositoryName });
  const url = new URL(repositoryMetadata!.cloneUrlHttp!);
  url.username = encodeURIComponent(made!.ServiceUserName!);
  url.password = encodeURIComponent(made!.ServicePassword!);
  return { url: url.href, credentialId: made!.ServiceSpecificCredentialId! };
}

/** A local repository below the user's home with one commit on main and `origin` set; its client. */
export async function workTree(home: string, origin: string): Promise<ReturnType<typeof gitClient>> {
  const folder = await mkdtemp(join(home, 'work-'));
  const local = gitClient(folder, { HOME: home });
  await local('init', '-q', '-b', 'main');
  await writeFile(join(folder, 'index.html'), '<h1>one</h1>');
  await local('add', '.');
  await local('commit', '-qm', 'One');
  await local('remote', 'add', 'origin', origin);
  return local;
}
