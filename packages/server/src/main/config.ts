import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseRanges } from '@slipway/addresses';

/** Everything the installation is told from outside, read once and frozen. */
export interface Config {
  readonly port: number;
  readonly bind: string;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly region: string;
  /** Git over SSH; off where undefined. */
  readonly sshPort: number | undefined;
  readonly accountId: string;
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** A `postgres://` URL; the embedded SQLite in the data folder otherwise. */
  readonly databaseUrl: string | undefined;
  /** Given for PostgreSQL, where several servers share it; made in the data folder otherwise. */
  readonly masterKeyFile: string | undefined;
  /** What builds run in. `auto`: a sandbox where bubblewrap works, containers where not and for images other than AWS's own; plain processes only when asked for by name. */
  readonly runner: 'auto' | 'sandbox' | 'container' | 'plain';
  readonly builds: BuildSettings;
  /** How many builds of one account run at once in one region; the others wait. */
  readonly concurrentBuilds: number;
  readonly logLevel: 'info' | 'warn' | 'error';
  /** CIDRs that endpoints named by users may be in, beyond public addresses. */
  readonly allowEndpoints: readonly string[];
  /** The base URL in links that leave the installation; the listening address unless given. No slash at its end. */
  readonly publicUrl: string | undefined;
  /** The mail server that SNS sends by. */
  readonly smtp: SmtpServer | undefined;
  /** The customary `test`/`test` key is root. Loopback only. */
  readonly dev: boolean;
}

/** The place that builds run in, as far as the runner does not say it. */
export interface BuildSettings {
  /** What builds reach beside this server: the outside by a proxy, nothing, or all that this machine reaches. */
  readonly network: 'isolated' | 'none' | 'host';
  /** CIDRs that builds reach through the proxy beyond public addresses. */
  readonly networkAllow: readonly string[];
  /** The container engine's Unix socket; looked for in the usual places otherwise. */
  readonly containerSocket: string | undefined;
  /** The image that aws/codebuild/… stands for in containers. */
  readonly containerImage: string | undefined;
  /** Whether projects may have privileged containers. */
  readonly privileged: boolean;
  /** What caches of type LOCAL may take together, bytes. */
  readonly localCacheBytes: number;
  /** The disk of a build at most; what its compute type says otherwise. Bytes. */
  readonly diskBytes: number | undefined;
}

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps:`); otherwise STARTTLS where the server offers it. */
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly password: string } | undefined;
}

interface Setting {
  readonly flag: string;
  readonly variable: string;
  readonly value: string;
  readonly help: string;
}

/** One line per setting: a flag and a variable set the same thing, the flag wins. */
export const settings = [
  { flag: 'port', variable: 'SLIPWAY_PORT', value: 'NUMBER', help: 'port to listen on (4566; 0 takes a free one)' },
  { flag: 'bind', variable: 'SLIPWAY_BIND', value: 'ADDRESS', help: 'address to listen on (127.0.0.1)' },
  { flag: 'ssh-port', variable: 'SLIPWAY_SSH_PORT', value: 'NUMBER', help: 'serve git over SSH on this port (off; 0 takes a free one)' },
  { flag: 'data', variable: 'SLIPWAY_DATA', value: 'DIR', help: 'data folder (~/.slipway)' },
  { flag: 'region', variable: 'SLIPWAY_REGION', value: 'REGION', help: 'region that `slipway env` exports (us-east-1)' },
  { flag: 'account-id', variable: 'SLIPWAY_ACCOUNT_ID', value: '12 DIGITS', help: 'the first account (000000000000)' },
  { flag: 'tls-cert', variable: 'SLIPWAY_TLS_CERT', value: 'FILE', help: 'PEM certificate chain; the endpoint is then https' },
  { flag: 'tls-key', variable: 'SLIPWAY_TLS_KEY', value: 'FILE', help: 'PEM private key of the certificate' },
  { flag: 'root-access-key-id', variable: 'SLIPWAY_ROOT_ACCESS_KEY_ID', value: 'ID', help: 'the first root key, instead of having one made' },
  { flag: 'root-secret-access-key', variable: 'SLIPWAY_ROOT_SECRET_ACCESS_KEY', value: 'SECRET', help: 'its secret (prefer the variable: flags show in `ps`)' },
  { flag: 'database-url', variable: 'SLIPWAY_DATABASE_URL', value: 'URL', help: 'PostgreSQL instead of the embedded database' },
  { flag: 'master-key-file', variable: 'SLIPWAY_MASTER_KEY_FILE', value: 'FILE', help: '32 random bytes, base64; required with PostgreSQL' },
  { flag: 'runner', variable: 'SLIPWAY_RUNNER', value: 'auto|sandbox|container|plain', help: 'what builds run in (auto)' },
  { flag: 'build-network', variable: 'SLIPWAY_BUILD_NETWORK', value: 'isolated|none|host', help: "what builds reach beside this server: outside by a proxy, nothing, or this machine's network (isolated)" },
  { flag: 'build-network-allow', variable: 'SLIPWAY_BUILD_NETWORK_ALLOW', value: 'LIST', help: 'addresses beside public ones that isolated builds reach: CIDRs, `private`, `loopback` (none)' },
  { flag: 'container-socket', variable: 'SLIPWAY_CONTAINER_SOCKET', value: 'FILE', help: "Docker's or Podman's socket (DOCKER_HOST, or the usual places)" },
  { flag: 'container-image', variable: 'SLIPWAY_CONTAINER_IMAGE', value: 'IMAGE', help: 'what aws/codebuild/… images stand for in containers (none)' },
  { flag: 'privileged-builds', variable: 'SLIPWAY_PRIVILEGED_BUILDS', value: 'yes|no', help: 'let projects ask for privilegedMode, which is root on this machine (no)' },
  { flag: 'build-disk', variable: 'SLIPWAY_BUILD_DISK', value: 'SIZE', help: 'what one build may use of the disk at most, such as 20GB, with an inode for every 16 KB (as its compute type says)' },
  { flag: 'concurrent-builds', variable: 'SLIPWAY_CONCURRENT_BUILDS', value: 'NUMBER', help: 'builds that run at once in one account and region (20)' },
  { flag: 'local-cache-size', variable: 'SLIPWAY_LOCAL_CACHE_SIZE', value: 'SIZE', help: "what builds' caches of type LOCAL may take together, such as 500MB; 0 keeps none (10GB)" },
  { flag: 'public-url', variable: 'SLIPWAY_PUBLIC_URL', value: 'URL', help: 'base URL in links that leave the installation, such as confirmations by mail (the listening address)' },
  { flag: 'allow-endpoints', variable: 'SLIPWAY_ALLOW_ENDPOINTS', value: 'LIST', help: 'addresses beside public ones that HTTP endpoints may have: CIDRs, `private`, `loopback` (none)' },
  { flag: 'smtp-url', variable: 'SLIPWAY_SMTP_URL', value: 'URL', help: 'mail server of SNS, smtp:// or smtps://user:password@host:port (prefer the variable: flags show in `ps`)' },
  { flag: 'log-level', variable: 'SLIPWAY_LOG_LEVEL', value: 'info|warn|error', help: 'least severity that is logged (info)' },
] as const satisfies readonly Setting[];

/** Set by Slipway for the processes it starts, so not settings but not unknown either. */
const exported = /^SLIPWAY_(HOST|BUILD)_/;

export class ConfigError extends Error {}

/**
 * Flags win over variables, variables over defaults.
 * @throws ConfigError naming the flag or variable, its value and what would be accepted.
 */
export function readConfig(flags: Readonly<Record<string, string | boolean | undefined>>, environment: Readonly<Record<string, string | undefined>>): Config {
  const known = new Set<string>(settings.map((setting) => setting.variable));
  for (const name of Object.keys(environment)) {
    if (name.startsWith('SLIPWAY_') && !known.has(name) && name !== 'SLIPWAY_DEV' && !exported.test(name)) {
      throw new ConfigError(`${name} is not a setting of Slipway. Known: ${[...known, 'SLIPWAY_DEV'].join(', ')}`);
    }
  }
  const given = (flag: (typeof settings)[number]['flag']): { name: string; value: string } | undefined => {
    const setting = settings.find((candidate) => candidate.flag === flag);
    const fromFlag = flags[flag];
    if (typeof fromFlag === 'string') return { name: `--${flag}`, value: fromFlag };
    const fromVariable = setting && environment[setting.variable];
    return fromVariable ? { name: setting.variable, value: fromVariable } : undefined;
  };

  const devVariable = environment['SLIPWAY_DEV'] ?? '';
  if (!['', '0', '1'].includes(devVariable)) throw new ConfigError(`SLIPWAY_DEV is '${devVariable}'; accepted is 0 or 1`);
  const dev = flags['dev'] === true || devVariable === '1';
  const bind = checked(given('bind'), '127.0.0.1', (value) => isIP(value) !== 0 || value === 'localhost', 'an IP address');
  if (dev && !isLoopback(bind)) throw new ConfigError(`--dev accepts the key test/test, so it listens on loopback only; --bind is ${bind}`);
  const databaseUrl = given('database-url');
  if (databaseUrl && !/^postgres(ql)?:\/\//.test(databaseUrl.value)) throw new ConfigError(`${databaseUrl.name}: accepted is a postgres:// URL`);
  const masterKeyFile = given('master-key-file')?.value;
  if (databaseUrl && !masterKeyFile) throw new ConfigError('With PostgreSQL the master key must be given: --master-key-file or SLIPWAY_MASTER_KEY_FILE');
  const network = checked(given('build-network'), 'isolated', isOneOf('isolated', 'none', 'host'), 'isolated, none or host') as BuildSettings['network'];
  const networkAllow = given('build-network-allow');
  if (networkAllow && network !== 'isolated') throw new ConfigError(`${networkAllow.name} opens addresses to isolated builds; the network of builds here is ${network}`);

  return Object.freeze({
    port: Number(checked(given('port'), '4566', (value) => /^\d{1,5}$/.test(value) && Number(value) < 65536, 'a port number, 0 to 65535')),
    bind,
    data: resolve(given('data')?.value ?? join(homedir(), '.slipway')),
    sshPort: given('ssh-port') && Number(checked(given('ssh-port'), '', (value) => /^\d{1,5}$/.test(value) && Number(value) < 65536, 'a port number, 0 to 65535')),
    region: checked(given('region'), 'us-east-1', (value) => /^[a-z]{2}(-[a-z]+)+-\d$/.test(value), 'a region such as us-east-1'),
    accountId: checked(given('account-id'), '000000000000', (value) => /^\d{12}$/.test(value), '12 digits'),
    tls: together(given('tls-cert'), given('tls-key'), (certificateFile, keyFile) => ({ certificateFile, keyFile })),
    rootKey:
      together(given('root-access-key-id'), given('root-secret-access-key'), (accessKeyId, secretAccessKey) => ({ accessKeyId, secretAccessKey })) ??
      (dev ? { accessKeyId: 'test', secretAccessKey: 'test' } : undefined),
    databaseUrl: databaseUrl?.value,
    masterKeyFile,
    runner: checked(given('runner'), 'auto', isOneOf('auto', 'sandbox', 'container', 'plain'), 'auto, sandbox, container or plain') as Config['runner'],
    builds: {
      network,
      networkAllow: rangesOf(networkAllow),
      containerSocket: given('container-socket') && resolve(given('container-socket')!.value),
      containerImage: given('container-image')?.value,
      privileged: checked(given('privileged-builds'), 'no', isOneOf('yes', 'no'), 'yes or no') === 'yes',
      localCacheBytes: bytesOf(checked(given('local-cache-size'), '10GB', (value) => bytesOf(value) >= 0, 'a size such as 500MB or 10GB, or 0')),
      diskBytes: given('build-disk') && bytesOf(checked(given('build-disk'), '', (value) => bytesOf(value) > 0, 'a size such as 500MB or 20GB')),
    },
    concurrentBuilds: Number(checked(given('concurrent-builds'), '20', (value) => /^[1-9]\d{0,3}$/.test(value), 'a number from 1 to 9999')),
    publicUrl: optional(given('public-url'), isBaseUrl, 'an http:// or https:// URL without path, query and user')?.replace(/\/$/, ''),
    allowEndpoints: rangesOf(given('allow-endpoints')),
    smtp: smtpServer(given('smtp-url')),
    logLevel: checked(given('log-level'), 'info', isOneOf('info', 'warn', 'error'), 'info, warn or error') as Config['logLevel'],
    dev,
  });
}

function checked(given: { name: string; value: string } | undefined, fallback: string, accepts: (value: string) => boolean, accepted: string): string {
  if (given === undefined) return fallback;
  if (!accepts(given.value)) throw new ConfigError(`${given.name} is '${given.value}'; accepted is ${accepted}`);
  return given.value;
}

function rangesOf(given: { name: string; value: string } | undefined): readonly string[] {
  return parseRanges(checked(given, '', (value) => parseRanges(value) !== undefined, 'a comma-separated list of CIDRs such as 10.1.0.0/16, private, loopback'))!;
}

/** `500MB`, `10GB`, `0`; -1 for anything else. */
function bytesOf(size: string): number {
  const [, number, unit = ''] = /^(\d{1,6})(|MB|GB|TB)$/.exec(size) ?? [];
  if (number === undefined || (unit === '' && number !== '0')) return -1;
  return Number(number) * 1_024 ** ['', 'KB', 'MB', 'GB', 'TB'].indexOf(unit);
}

function optional(given: { name: string; value: string } | undefined, accepts: (value: string) => boolean, accepted: string): string | undefined {
  return given === undefined ? undefined : checked(given, '', accepts, accepted);
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash, username } = new URL(text);
  return /^https?:$/.test(protocol) && pathname === '/' && search + hash + username === '';
}

function together<T>(a: { name: string; value: string } | undefined, b: { name: string; value: string } | undefined, make: (a: string, b: string) => T): T | undefined {
  if (a && b) return make(a.value, b.value);
  const lone = a ?? b;
  if (lone) throw new ConfigError(`${lone.name} was given without its counterpart; the two go together`);
  return undefined;
}

/** The URL may hold a password, so a refusal does not repeat it. */
function smtpServer(given: { name: string; value: string } | undefined): SmtpServer | undefined {
  if (given === undefined) return undefined;
  const url = URL.canParse(given.value) ? new URL(given.value) : undefined;
  const path = url && url.pathname + url.search + url.hash;
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || url.port === '0' || !['', '/'].includes(path!) || (url.username === '') !== (url.password === '')) {
    throw new ConfigError(`${given.name}: accepted is smtp:// or smtps://user:password@host:port, user and password percent-encoded or left out`);
  }
  const secure = url.protocol === 'smtps:';
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw new ConfigError(`${given.name}: user or password is not percent-encoded`);
    }
  };
  const auth = url.username === '' ? undefined : { user: decode(url.username), password: decode(url.password) };
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || (secure ? 465 : 587)), secure, auth };
}

const isOneOf =
  (...accepted: string[]) =>
  (value: string): boolean =>
    accepted.includes(value);

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}
