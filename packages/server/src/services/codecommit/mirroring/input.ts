import type { CodeCommitMirroringApi, PutRepositoryMirrorInput } from '@slipway/contracts';
import { failures } from '../../../kernel/errors.ts';

export const fail = failures<CodeCommitMirroringApi>();

/** What is kept sealed. */
export interface Secrets {
  readonly userName?: string;
  readonly password?: string;
  readonly privateKey?: string;
}

export interface MirrorInput {
  readonly url: URL;
  readonly secrets: Secrets | undefined;
  readonly hostKey: string | undefined;
  readonly intervalMinutes: number;
  readonly force: boolean;
}

const INTERVAL = { least: 1, most: 1_440, default: 15 };
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const invalid = (message: string): Error => fail('InvalidMirrorException', message);

/** @throws InvalidMirrorException for everything that could not be honoured. */
export function mirrorInput(input: PutRepositoryMirrorInput): MirrorInput {
  const url = remoteUrl(input.remoteUrl);
  const { userName, password, privateKey, hostKey, intervalMinutes = INTERVAL.default, force = false } = input;
  if (!Number.isInteger(intervalMinutes) || intervalMinutes < INTERVAL.least || intervalMinutes > INTERVAL.most) throw invalid(`intervalMinutes must be a whole number from ${INTERVAL.least} to ${INTERVAL.most}.`);
  if (url.protocol === 'ssh:') {
    if (userName !== undefined || password !== undefined) throw invalid('userName and password are for https remotes; an ssh remote takes privateKey and hostKey, and the user in its URL.');
    if (!privateKey || !/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(privateKey)) throw invalid('An ssh remote needs privateKey, in PEM or OpenSSH format, without a passphrase.');
    if (!hostKey || !/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+$/.test(hostKey)) throw invalid('An ssh remote needs hostKey, the public key of its server: ssh-ed25519 AAAA….');
    return { url, secrets: { privateKey }, hostKey, intervalMinutes, force };
  }
  if (privateKey !== undefined || hostKey !== undefined) throw invalid('privateKey and hostKey are for ssh remotes.');
  if ((userName === undefined) !== (password === undefined)) throw invalid('userName and password go together.');
  // eslint-disable-next-line no-control-regex
  if (/[:\u0000-\u001f]/.test(userName ?? '') || /[\u0000-\u001f]/.test(password ?? '')) throw invalid('userName and password must not hold control characters, nor userName a colon.');
  if (url.protocol === 'http:' && password !== undefined && !LOOPBACK.test(url.hostname)) throw invalid('A password is not sent over http: the remote must be https.');
  return { url, secrets: userName === undefined || password === undefined ? undefined : { userName, password }, hostKey: undefined, intervalMinutes, force };
}

function remoteUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['https:', 'http:', 'ssh:'].includes(url.protocol) || url.hostname === '' || url.hostname.startsWith('-')) throw invalid('remoteUrl must be an https:// or ssh:// URL.');
  if (url.password !== '' || (url.protocol !== 'ssh:' && url.username !== '')) throw invalid('remoteUrl must not hold credentials: they go into userName and password.');
  if (url.username.startsWith('-') || !/^[\w.%+-]*$/.test(url.username)) throw invalid('The user in remoteUrl is not valid.');
  if (url.hash !== '' || url.search !== '' || /[\s'"\\]/.test(url.pathname)) throw invalid('remoteUrl must be a plain path to a repository.');
  return url;
}
