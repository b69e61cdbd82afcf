import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { credentialsVariable, isAskable, serveCredentials } from './credentials.ts';
import type { CredentialsSource } from './credentials.ts';
import { join } from './connections.ts';
import { serveProxy } from './proxy.ts';
import { Traffic } from './traffic.ts';
import type { Usage } from '../usage/usage.ts';

/**
 * What a build may reach.
 *   isolated   the endpoint, and public addresses through a proxy
 *   none       the endpoint
 *   host       all that this machine reaches, its loopback ports included
 */
export type NetworkMode = 'isolated' | 'none' | 'host';
export const NETWORK_MODES = ['isolated', 'none', 'host'] as const;

export interface NetworkRequest {
  readonly mode: NetworkMode;
  /** The base URL at which builds reach the server. */
  readonly endpoint?: string;
  /** `isolated`: ranges in CIDR notation that the proxy leads to beyond public addresses. */
  readonly allow?: readonly string[];
  /** Where the build's credentials come from. */
  readonly credentials?: CredentialsSource;
}

export interface Network {
  /** What the build's processes need to know of it. */
  readonly environment: Readonly<Record<string, string>>;
  usage(): Pick<Usage, 'networkReceivedBytes' | 'networkSentBytes'>;
  close(): void;
}

/** Where the proxy listens inside the build's own network, in which no other port is taken. */
const PROXY_PORT = 3128;
/** Likewise for the build's credentials, where the server's own address is not one that SDKs ask at. */
const CREDENTIALS_PORT = 3138;

/**
 * The helper's program: it runs in the build's network namespace, opens listening sockets there, and hands them to us.
 * A socket keeps the namespace in which it was made, so we accept the build's connections from outside of it. Its own
 * file would have to be bundled and found; it is short enough to be an argument.
 */
const HELPER = `
process.on('message', ({ port }) => {
  const server = require('node:net').createServer();
  server.on('error', (error) => process.send({ error: error.message }));
  server.listen(port, '127.0.0.1', () => process.send({}, server));
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
`;

/** A process in a network namespace, needed only as long as sockets are being opened there. */
export interface Helper {
  readonly child: ChildProcess;
  listen(port: number): Promise<Server>;
  end(): void;
}

/** `enter` is the command that runs a program in the namespace. */
export function startHelper(enter: readonly string[], stdio: readonly ('ignore' | 'pipe')[] = []): Helper {
  const [program = '', ...args] = [...enter, process.execPath, '-e', HELPER];
  const child = spawn(program, args, {
    cwd: '/', stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...stdio], env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2_000);
  });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.once('exit', () => reject(new Error(`The build's network could not be made: ${said.trim() || 'its helper ended'}`)));
  });
  // Whoever listens hears of it; a helper that was ended has failed nobody.
  failed.catch(() => undefined);
  const ready = new Promise<void>((resolve) => child.once('message', () => resolve()));
  return {
    child,
    async listen(port) {
      await Promise.race([ready, failed]);
      const answer = new Promise<Server>((resolve, reject) => {
        child.once('message', ({ error }: { error?: string }, server) => {
          if (error === undefined) resolve(server as Server);
          else reject(new Error(`The build's network could not be made: ${error}`));
        });
      });
      child.send({ port });
      return Promise.race([answer, failed]);
    },
    end() {
      if (child.connected) child.disconnect();
      child.kill('SIGKILL');
    },
  };
}

/** Serves the build's connections from this process. */
export async function serve(helper: Helper, { mode, endpoint, allow, credentials }: NetworkRequest): Promise<Network> {
  const target = endpoint === undefined ? undefined : new URL(endpoint);
  const relayed = target !== undefined && isLoopback(target.hostname) ? target : undefined;
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  if (relayed !== undefined) {
    const server = await helper.listen(portOf(relayed));
    server.on('connection', (socket) => relay(socket, relayed, sockets));
    servers.push(server);
  }
  // The one address that nothing but the proxy leads to is the endpoint on another machine.
  const proxied = mode === 'isolated' || (target !== undefined && relayed === undefined);
  const proxyPort = freePort(PROXY_PORT, relayed);
  if (proxied) {
    const server = await helper.listen(proxyPort);
    serveProxy(server, sockets, { outside: mode === 'isolated', ...(allow === undefined ? {} : { allow }), ...(target === undefined ? {} : { always: `${target.hostname}:${portOf(target)}` }) });
    servers.push(server);
  }
  const door = credentials === undefined || isAskable(credentials) ? undefined : freePort(CREDENTIALS_PORT, relayed);
  if (credentials !== undefined && door !== undefined) {
    const server = await helper.listen(door);
    serveCredentials(server, sockets, credentials);
    servers.push(server);
  }
  const traffic = new Traffic();
  for (const server of servers) {
    server.on('connection', (socket: Socket) => traffic.count(socket));
    server.unref();
  }
  return {
    environment: { ...(proxied ? proxyVariables(proxyPort) : {}), ...(credentials === undefined ? {} : credentialsVariable(credentials, door)) },
    usage: () => traffic.bytes,
    close() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function relay(socket: Socket, target: URL, sockets: Set<Socket>): void {
  join(socket, connect({ host: target.hostname.replace(/^\[|\]$/g, ''), port: portOf(target) }), sockets);
}

function proxyVariables(port: number): Record<string, string> {
  const url = `http://127.0.0.1:${port}`;
  const none = 'localhost,127.0.0.1,::1';
  // Programs disagree about the case; curl reads http_proxy in small letters only.
  return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: none, http_proxy: url, https_proxy: url, no_proxy: none };
}

/** `port`, or the next one where the endpoint is there already. */
const freePort = (port: number, relayed: URL | undefined): number => (relayed !== undefined && portOf(relayed) === port ? port + 1 : port);

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
