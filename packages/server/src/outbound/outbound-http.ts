import { lookup } from 'node:dns/promises';
import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { createJudge } from '@slipway/addresses';
import { OutboundFailed, OutboundRefused, type Outbound, type OutboundRequest, type OutboundResponse } from './outbound.ts';

export interface OutboundDeps {
  /** Ranges in CIDR notation that may be connected to beyond public addresses. */
  readonly allow: readonly string[];
  /** All addresses of a name; the machine's resolver unless given. */
  readonly resolver?: (host: string) => Promise<readonly string[]>;
}

/** Framing is ours: a caller's own would let one request pass for two. */
const OURS = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive', 'proxy-connection']);

/** What a redirect to another origin may be told; API keys stand in headers of any name. */
const HARMLESS = new Set(['accept', 'content-type', 'user-agent']);

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** HTTP to endpoints that users name. Connections are not kept: each goes to an address that was judged for it. */
export function createOutbound({ allow, resolver = systemResolver }: OutboundDeps): Outbound {
  const isAllowed = createJudge(allow);

  async function resolve(host: string): Promise<readonly string[]> {
    const name = host.replace(/^\[(.*)\]$/, '$1');
    const addresses = isIP(name) === 0 ? await resolver(name).catch((cause: unknown) => { throw new OutboundFailed(`${name} does not resolve`, { cause }); }) : [name];
    if (addresses.length === 0) throw new OutboundFailed(`${name} does not resolve`);
    if (!addresses.every(isAllowed)) throw new OutboundRefused(notAllowed(name));
    return addresses;
  }

  /** One request and its answer, redirects included. */
  async function follow(request: OutboundRequest, signal: AbortSignal, hops: number): Promise<OutboundResponse> {
    checkUrl(request.url);
    const addresses = await beforeAbort(signal, resolve(request.url.hostname));
    const response = await exchange(request, addresses, signal);
    const next = hops > 0 ? redirected(request, response) : undefined;
    return next ? follow(next, signal, hops - 1) : response;
  }

  return {
    resolve,
    async request(request) {
      const { url, timeout, redirects = 0 } = request;
      const given = new AbortController();
      const timer = setTimeout(() => given.abort(new OutboundFailed(`${url.host} did not answer within ${timeout} ms`)), timeout);
      const stop = (): void => given.abort(new OutboundFailed(`the request to ${url.host} was broken off`));
      request.signal?.addEventListener('abort', stop);
      if (request.signal?.aborted) stop();
      try {
        return await follow(request, given.signal, redirects);
      } catch (error) {
        if (error instanceof OutboundRefused) throw error;
        given.signal.throwIfAborted();
        if (error instanceof OutboundFailed) throw error;
        throw new OutboundFailed(`the request to ${url.host} failed: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`, { cause: error });
      } finally {
        clearTimeout(timer);
        request.signal?.removeEventListener('abort', stop);
      }
    },
  };
}

async function systemResolver(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** What a name resolves to is not for everyone who may name it to know. */
function notAllowed(name: string): string {
  const what = isIP(name) === 0 ? `${name} resolves to an address that is not public` : `${name} is not a public address`;
  return `${what}; the installation's setting SLIPWAY_ALLOW_ENDPOINTS would have to allow it`;
}

function checkUrl(url: URL): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new OutboundRefused(`'${url.protocol}' is not http: or https:`);
  if (url.username !== '' || url.password !== '') throw new OutboundRefused('a URL with a user or password is not requested');
  if (url.port === '0') throw new OutboundRefused('port 0 is none');
}

/** Resolving a name cannot be broken off, so it is left behind. */
function beforeAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** One request on a connection of its own, to one of the judged addresses. */
function exchange(request: OutboundRequest, addresses: readonly string[], signal: AbortSignal): Promise<OutboundResponse> {
  const { url, method, body, maxBody } = request;
  const options: RequestOptions = { method, headers: headersOf(request), lookup: pinned(addresses), agent: false, signal };
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (message) => {
      readAtMost(message, maxBody).then((read) => resolve({ status: message.statusCode ?? 0, headers: plainHeaders(message.headers), body: read }), reject).finally(() => sent.destroy());
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function headersOf({ body, headers: given = {} }: OutboundRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (OURS.has(name.toLowerCase())) throw new OutboundFailed(`the header '${name}' cannot be given`);
    headers[name] = value;
  }
  return { ...headers, connection: 'close', ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) };
}

/** Answers what was judged, whatever the name resolves to by now. */
function pinned(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all) callback(null, known);
    else callback(null, known[0]!.address, known[0]!.family);
  };
}

async function readAtMost(message: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

function plainHeaders(headers: IncomingHttpHeaders): OutboundResponse['headers'] {
  const plain = Object.create(null) as Record<string, string | undefined>;
  for (const [name, value] of Object.entries(headers)) plain[name] = Array.isArray(value) ? value.join(', ') : value;
  return plain;
}

/** The request that a redirect asks for; undefined where the answer is none. */
function redirected(request: OutboundRequest, response: OutboundResponse): OutboundRequest | undefined {
  const { location } = response.headers;
  if (!REDIRECTS.has(response.status) || location === undefined) return undefined;
  if (!URL.canParse(location, request.url.href)) return undefined;
  const url = new URL(location, request.url);
  const { body, headers = {}, ...rest } = request;
  const told = url.origin === request.url.origin ? headers : Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name.toLowerCase())));
  const asGet = response.status === 303 || (response.status < 303 && request.method === 'POST');
  if (asGet) return { ...rest, url, method: 'GET', headers: Object.fromEntries(Object.entries(told).filter(([name]) => name.toLowerCase() !== 'content-type')) };
  return { ...rest, url, headers: told, ...(body !== undefined && { body }) };
}
