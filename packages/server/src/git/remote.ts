import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitFailed, runGit } from './process.ts';
import { FETCH_CHECKS, LARGEST_OBJECT } from './receiving.ts';

/** A git repository elsewhere, and how to get there. */
export interface Remote {
  /** `https:`, `http:` or `ssh:`, without credentials. */
  readonly url: URL;
  /** The judged addresses of its host: git connects to these and looks nothing up. */
  readonly addresses: readonly string[];
  readonly password?: { readonly userName: string; readonly password: string } | undefined;
  /** False: whoever answers is believed. Only where the user has said so. */
  readonly verifyTls?: boolean;
  readonly ssh?: { readonly privateKey: string; readonly hostKey: string } | undefined;
}

/** What a push to a remote has come to: the references that it did not take. */
export interface RemotePush {
  readonly refused: readonly string[];
}

/** Where a fetch puts what the remote has: hidden from every client, kept from packing. */
export const MIRRORED = 'refs/slipway/mirror/';

const SCHEMES = { 'https:': 'https', 'http:': 'http', 'ssh:': 'ssh' } as const;

/** Brings the remote's branches and tags under `refs/slipway/mirror/`, and forgets there what the remote no longer has. */
export async function fetchRemote(repository: string, remote: Remote, signal: AbortSignal): Promise<void> {
  await reaching(remote, (environment, configuration) => runGit(
    ['fetch', '--quiet', '--prune', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--no-auto-maintenance', '--', remote.url.href, `+refs/heads/*:${MIRRORED}heads/*`, `+refs/tags/*:${MIRRORED}tags/*`],
    { repository, signal, env: { ...environment, GIT_ALLOC_LIMIT: LARGEST_OBJECT }, configuration: [...configuration, ...FETCH_CHECKS] },
  ));
}

/** The full name of the remote's default branch; undefined where it does not tell. */
export async function remoteHead(remote: Remote, signal: AbortSignal): Promise<string | undefined> {
  const output = await reaching(remote, (env, configuration) => runGit(['ls-remote', '--symref', '--', remote.url.href, 'HEAD'], { signal, env, configuration }));
  return /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(output.toString('utf8'))?.[1];
}

/** Sends our branches and tags; deletes nothing there. Without `force` the remote keeps what it has of its own. */
export async function pushRemote(repository: string, remote: Remote, { force, signal }: { force: boolean; signal: AbortSignal }): Promise<RemotePush> {
  const plus = force ? '+' : '';
  try {
    await reaching(remote, (environment, configuration) => runGit(
      ['push', '--porcelain', '--no-verify', '--', remote.url.href, `${plus}refs/heads/*:refs/heads/*`, `${plus}refs/tags/*:refs/tags/*`],
      { repository, signal, env: environment, configuration },
    ));
    return { refused: [] };
  } catch (error) {
    const refused = error instanceof GitFailed ? refusedIn(error.output) : [];
    if (refused.length === 0) throw error;
    return { refused };
  }
}

/** `!<TAB>refs/heads/a:refs/heads/a<TAB>[rejected] (fetch first)` */
function refusedIn(output: string): string[] {
  return output.split('\n').filter((line) => line.startsWith('!')).map((line) => line.split('\t')[1]?.split(':')[1] ?? '').filter(Boolean);
}

type Settings = readonly (readonly [string, string])[];

/** Secrets reach git by its environment and by files that only we can read, never by its arguments. */
export async function reaching<T>(remote: Remote, work: (environment: Record<string, string>, configuration: Settings) => Promise<T>): Promise<T> {
  const scheme = SCHEMES[remote.url.protocol as keyof typeof SCHEMES];
  const configuration: [string, string][] = [[`protocol.${scheme}.allow`, 'always'], ['credential.helper', '']];
  if (scheme !== 'ssh') return work({}, [...configuration, ...overHttp(remote)]);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-ssh-'));
  try {
    return await work({ GIT_SSH_COMMAND: `ssh -F ${quoted(await sshConfiguration(folder, remote))}`, GIT_SSH_VARIANT: 'ssh' }, configuration);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function overHttp({ url, addresses, password, verifyTls = true }: Remote): [string, string][] {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return [
    ['http.followRedirects', 'false'],
    ['http.curloptResolve', `${host}:${port}:${addresses.map((address) => (address.includes(':') ? `[${address}]` : address)).join(',')}`],
    ['http.proxy', ''],
    ['http.lowSpeedLimit', '100'],
    ['http.lowSpeedTime', '60'],
    ['http.sslVerify', String(verifyTls)],
    ...password ? [['http.extraHeader', `Authorization: Basic ${Buffer.from(`${password.userName}:${password.password}`).toString('base64')}`] as [string, string]] : [],
  ];
}

/** The user's own configuration and agent are left out, and the host must show the key that was given for it. */
async function sshConfiguration(folder: string, { url, addresses, ssh }: Remote): Promise<string> {
  if (!ssh || addresses[0] === undefined) throw new Error('an ssh remote needs its keys and an address');
  const [file, identity, known] = [join(folder, 'config'), join(folder, 'identity'), join(folder, 'known_hosts')];
  await writeFile(identity, ssh.privateKey.endsWith('\n') ? ssh.privateKey : `${ssh.privateKey}\n`, { mode: 0o600 });
  await writeFile(known, `mirrored-host ${ssh.hostKey}\n`, { mode: 0o600 });
  const lines = [
    'Host *', `HostName ${addresses[0]}`, 'HostKeyAlias mirrored-host', `IdentityFile "${identity}"`, `UserKnownHostsFile "${known}"`, 'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes', 'IdentitiesOnly yes', 'IdentityAgent none', 'BatchMode yes', 'ForwardAgent no', 'ConnectTimeout 20', 'ServerAliveInterval 15', 'ProxyCommand none',
    `Port ${url.port || '22'}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
