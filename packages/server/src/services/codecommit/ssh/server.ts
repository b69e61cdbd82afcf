import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { timingSafeEqual } from 'node:crypto';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, Session } from 'ssh2';
import type { SshKeys } from '../../../kernel/access.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Log } from '../../../kernel/log.ts';
import { hostKey } from './host-key.ts';
import { serveSession } from './session.ts';
import type { SshSession, SshSessionDeps } from './session.ts';

export interface SshSettings {
  readonly port: number;
  readonly bind: string;
  readonly hostKeyFile: string;
  /** How long a client may take to prove who it is, from its connecting on; half a minute unless given. ms */
  readonly loginGrace?: number;
}

export interface SshServerDeps extends SshSessionDeps {
  readonly sshKeys: SshKeys;
  readonly log: Log;
}

/** Git over SSH. Life: `listen` → connections → `close`, which ends them. */
export interface SshServer {
  listen(): Promise<void>;
  /** Where it listens, once it does. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

const LOGIN_GRACE = 30_000;
/** Two for each key that an agent offers. */
const MOST_ATTEMPTS = 20;
const MOST_CONNECTIONS = 500;
const MOST_COMMANDS_AT_ONCE = 10;

/** What OpenSSH of the last ten years speaks, and nothing weaker. */
const ALGORITHMS = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'diffie-hellman-group16-sha512', 'diffie-hellman-group14-sha256'],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} as const;

/**
 * Serves git to clients whose user name is the id of an SSH key that IAM keeps. No shell, no terminal, no forwarding, no
 * other subsystem: one command of git's, or a refusal.
 */
export function sshServer(deps: SshServerDeps, settings: SshSettings): SshServer {
  const sockets = new Set<Socket>();
  const serving = new Set<Promise<void>>();
  let server: Server | undefined;
  let port: number | undefined;

  function connected(connection: Connection, sourceIp: string | undefined, proven: () => void): void {
    let known: { readonly keyId: string; readonly caller: Caller } | undefined;
    let attempts = 0;
    const gone = new AbortController();
    // A broken connection is the client's matter; its close follows.
    connection.on('error', () => undefined);
    connection.on('close', () => gone.abort());
    connection.on('authentication', (context) => {
      attempts += 1;
      if (attempts > MOST_ATTEMPTS) return void connection.end();
      authenticated(deps.sshKeys, context).then((found) => {
        if (!found) return context.reject(['publickey']);
        known = { keyId: context.username, caller: found };
        return context.accept();
      }).catch((error: unknown) => {
        deps.log.error('ssh authentication failed', { error });
        connection.end();
      });
    });
    connection.on('ready', proven);
    let commands = 0;
    connection.on('session', (accept) => {
      const session = accept();
      onCommand(session, ({ command, protocol, channel }) => {
        if (!known || commands >= MOST_COMMANDS_AT_ONCE) return void channel.close();
        commands += 1;
        const closed = new AbortController();
        channel.on('close', () => closed.abort());
        channel.on('error', () => undefined);
        const signal = AbortSignal.any([gone.signal, closed.signal]);
        const done: Promise<void> = serve(known, { sourceIp, command, protocol, channel, signal })
          .catch((error: unknown) => {
            deps.log.error('git over ssh failed', { error });
            return 1;
          })
          .then((status) => {
            channel.exit(status);
            channel.end();
          })
          // The client went while its end was written.
          .catch(() => void connection.end())
          .finally(() => {
            commands -= 1;
            serving.delete(done);
          });
        serving.add(done);
      });
    });
  }

  /** A connection may stay open for days: each command is for a key that is active now. */
  async function serve({ keyId, caller }: { readonly keyId: string; readonly caller: Caller }, session: Omit<SshSession, 'caller'>): Promise<number> {
    if (await deps.sshKeys.find(keyId) !== undefined) return serveSession(deps, { ...session, caller });
    session.channel.stderr.write('The SSH key is not active any more.\n');
    return 1;
  }

  return {
    get port() { return port; },
    async listen() {
      const logins = new Map<string, NodeJS.Timeout>();
      const protocol = new ssh2.Server(
        { hostKeys: [await hostKey(settings.hostKeyFile)], algorithms: mutable(ALGORITHMS), ident: 'Slipway', keepaliveInterval: 30_000, keepaliveCountMax: 3 } as ssh2.ServerConfig,
        (connection, { ip, port: from }) => connected(connection, ip, () => clearTimeout(logins.get(`${ip} ${from}`))),
      );
      const listening = createServer({ noDelay: true }, (socket) => {
        if (sockets.size >= MOST_CONNECTIONS) return void socket.destroy();
        const name = `${socket.remoteAddress} ${socket.remotePort}`;
        sockets.add(socket);
        // Whoever says nothing, or will not hang up, is cut off: the protocol begins with the client's first line, and ends when both sides do.
        logins.set(name, setTimeout(() => socket.destroy(), settings.loginGrace ?? LOGIN_GRACE));
        socket.on('close', () => {
          sockets.delete(socket);
          clearTimeout(logins.get(name));
          logins.delete(name);
        });
        return void protocol.injectSocket(socket);
      });
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject);
        listening.listen(settings.port, settings.bind, () => {
          listening.off('error', reject);
          listening.on('error', (error) => deps.log.error('an ssh connection was not accepted', { error }));
          resolve();
        });
      });
      server = listening;
      port = (listening.address() as AddressInfo).port;
    },
    async close() {
      const closing = server;
      if (!closing) return;
      const closed = new Promise<void>((resolve) => { closing.close(() => resolve()); });
      for (const socket of sockets) socket.destroy();
      await Promise.allSettled(serving);
      await closed;
      server = undefined;
    },
  };
}

const mutable = (algorithms: typeof ALGORITHMS): Record<string, string[]> => Object.fromEntries(Object.entries(algorithms).map(([kind, names]) => [kind, [...names]]));

/** The user behind a key that is active and whose private half the client has. */
async function authenticated(sshKeys: SshKeys, context: AuthContext): Promise<Caller | undefined> {
  if (context.method !== 'publickey') return undefined;
  const known = await sshKeys.find(context.username);
  const parsed = known && ssh2.utils.parseKey(known.publicKey);
  if (!known || !parsed || parsed instanceof Error) return undefined;
  const blob = parsed.getPublicSSH();
  if (blob.length !== context.key.data.length || !timingSafeEqual(blob, context.key.data)) return undefined;
  // The first question is whether the key would do; the proof follows.
  if (!context.signature || !context.blob) return known.caller;
  return parsed.verify(context.blob, context.signature, context.hashAlgo) === true ? known.caller : undefined;
}

interface Command {
  readonly command: string;
  readonly protocol: string | undefined;
  readonly channel: ssh2.ServerChannel;
}

function onCommand(session: Session, run: (command: Command) => void): void {
  let protocol: string | undefined;
  session.on('env', (accept, reject, { key, val }) => {
    if (key !== 'GIT_PROTOCOL') return void reject?.();
    protocol = val;
    accept?.();
  });
  session.on('exec', (accept, _reject, { command }) => run({ command, protocol, channel: accept() }));
  session.on('shell', (accept) => {
    const channel = accept();
    channel.stderr.write('You have authenticated, but there is no shell here: use git.\n');
    channel.exit(1);
    channel.end();
  });
}
