import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { names } from './resources.ts';
import type { UserKey } from './roles.ts';

const exec = promisify(execFile);

/** A developer's clone of the repository, worked on with the machine's own git. */
export interface Clone {
  /** Commits everything and pushes; answers the commit's id. */
  push(message: string): Promise<string>;
  /** Replaces the page's headline. */
  changeHeadline(headline: string): Promise<void>;
}

export interface CloneOptions {
  readonly folder: string;
  readonly url: string;
  readonly endpoint: string;
  readonly region: string;
  readonly developer: UserKey;
  /** The program that git asks for credentials: this one. */
  readonly slipway: string;
}

/** Starts a repository from the example site. */
export async function startClone(options: CloneOptions): Promise<Clone> {
  const { folder, endpoint, developer } = options;
  await cp(exampleSite(), folder, { recursive: true });
  if (process.getuid?.() !== 0) await runHooksAs(folder, userInfo().username);
  const helper = `!'${process.execPath}' '${options.slipway}' credential-helper`;
  const settings = ['user.name=Demo', 'user.email=demo@localhost', `credential.${endpoint}.helper=`, `credential.${endpoint}.helper=${helper}`, `credential.${endpoint}.UseHttpPath=true`];
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await exec('git', ['-C', folder, ...settings.flatMap((setting) => ['-c', setting]), ...args], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', AWS_ACCESS_KEY_ID: developer.accessKeyId, AWS_SECRET_ACCESS_KEY: developer.secretAccessKey, AWS_SESSION_TOKEN: undefined, AWS_REGION: options.region },
    });
    return stdout.trim();
  };
  await git('init', '--quiet', '--initial-branch', names.branch);
  await git('remote', 'add', 'origin', options.url);

  return {
    async push(message) {
      await git('add', '--all');
      await git('commit', '--quiet', '--message', message);
      await git('push', '--quiet', 'origin', names.branch);
      return git('rev-parse', 'HEAD');
    },
    async changeHeadline(headline) {
      const page = join(folder, 'index.html');
      await writeFile(page, (await readFile(page, 'utf8')).replace(/<h1>.*<\/h1>/, `<h1>${headline}</h1>`));
    },
  };
}

/** Agents that are not root can run scripts as their own user only, and refuse others by name. */
async function runHooksAs(folder: string, user: string): Promise<void> {
  const appspec = join(folder, 'appspec.yml');
  await writeFile(appspec, (await readFile(appspec, 'utf8')).replaceAll('runas: root', `runas: ${user}`));
}

/** Beside the bundle in the published package and in a checkout alike, since the build copies the examples there. */
const exampleSite = (): string => fileURLToPath(new URL('../examples/static-site', import.meta.url));

/** The headline that a host serves. */
export async function servedHeadline(address: string): Promise<string> {
  const response = await fetch(address);
  const page = await response.text();
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return /<h1>(.*)<\/h1>/.exec(page)?.[1] ?? '(no headline)';
}
