import { createServer, request as requestHttp } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { authorities } from '../authorities.ts';
import { serveHttp } from './connections.ts';

/** Where the server hands out a build's credentials to whoever shows the build's token. */
export interface CredentialsSource {
  readonly url: string;
  /** PEM: whom to believe at that address beside the well-known authorities. */
  readonly certificates?: string;
}

const TIMEOUT_MS = 10_000;
const VARIABLE = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';

/** @throws when the server does not answer */
export async function askForCredentials({ url, certificates }: CredentialsSource, authorization: string | undefined): Promise<{ status: number; body: string }> {
  const secure = new URL(url).protocol === 'https:';
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { agent: false, headers: { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) }, signal: AbortSignal.timeout(TIMEOUT_MS) };
    // A certificate of a private authority may be all that we were given of it.
    const sent = secure ? requestHttps(url, { ...options, ca: [...(certificates === undefined ? [] : [certificates]), ...authorities()], allowPartialTrustChain: true }, resolve) : requestHttp(url, options, resolve);
    sent.on('error', reject).end();
  });
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/**
 * Whether programs in the build can ask at the address itself. The SDKs take plain HTTP from loopback only, and for this
 * one question botocore believes nobody but the well-known authorities, whatever AWS_CA_BUNDLE says.
 */
export function isAskable({ url }: CredentialsSource): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && (hostname === '[::1]' || hostname === 'localhost' || hostname.startsWith('127.'));
}

/** What tells the SDKs where to ask: at the address itself, or on this loopback port. */
export function credentialsVariable({ url }: CredentialsSource, port?: number): Record<string, string> {
  return { [VARIABLE]: port === undefined ? url : `http://127.0.0.1:${port}${new URL(url).pathname}` };
}

/** Hands the build's question on, from a socket that listens on the build's loopback. */
export function serveCredentials(server: Server, sockets: Set<Socket>, source: CredentialsSource): void {
  const http = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, source).catch((error: unknown) => {
      const message = `The server does not answer: ${error instanceof Error ? error.message : String(error)}`;
      outgoing.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify({ code: 'InternalError', message }));
    });
  });
  serveHttp(server, http, sockets);
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, source: CredentialsSource): Promise<void> {
  incoming.resume();
  if (incoming.method !== 'GET' || incoming.url !== new URL(source.url).pathname) return void outgoing.writeHead(404).end();
  const { status, body } = await askForCredentials(source, incoming.headers.authorization);
  outgoing.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
}

export interface OpenCredentials {
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/** For a build on the machine's own network. */
export async function openCredentials(source: CredentialsSource | undefined): Promise<OpenCredentials> {
  if (source === undefined) return { environment: {}, close: () => undefined };
  if (isAskable(source)) return { environment: credentialsVariable(source), close: () => undefined };
  const server = createSocketServer();
  const sockets = new Set<Socket>();
  serveCredentials(server, sockets, source);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  server.unref();
  return {
    environment: credentialsVariable(source, (server.address() as AddressInfo).port),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
