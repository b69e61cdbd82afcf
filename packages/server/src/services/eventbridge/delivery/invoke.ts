import type { HttpParameters } from '@slipway/contracts/eventbridge';
import type { Place } from '../../../kernel/place.ts';
import { OutboundFailed, OutboundRefused } from '../../../outbound/index.ts';
import type { OutboundResponse } from '../../../outbound/index.ts';
import { isObject } from '../../../patterns/pattern.ts';
import type { Json } from '../../../patterns/pattern.ts';
import { connectionByArn } from '../connections/api-destinations.ts';
import { dropToken, tokenOf } from './authorize.ts';
import type { AuthorizeDeps } from './authorize.ts';
import { isHeaderName, openAuth } from './connection-auth.ts';
import type { AuthParameters } from './connection-auth.ts';
import { HTTP_TIMEOUT_MS } from '../limits.ts';
import { findApiDestination, lockApiDestination, reading, updateApiDestination } from '../store/index.ts';
import type { ApiDestinationRow, ConnectionRow } from '../store/index.ts';
import { valueAt } from './transform.ts';
import { Undelivered } from './undelivered.ts';

export interface Invocation {
  readonly place: Place;
  readonly name: string;
  readonly id: string;
  readonly parameters: HttpParameters | undefined;
  /** The target's input, as it is sent. */
  readonly input: string;
  readonly event: Json;
}

const BODILESS = new Set(['GET', 'HEAD']);
const LARGEST_ANSWER = 4 * 1024;

/** The destination, while it is the one that the target's ARN was made for. */
async function destinationOf({ db }: Pick<AuthorizeDeps, 'db'>, { place, name, id }: Pick<Invocation, 'place' | 'name' | 'id'>): Promise<ApiDestinationRow> {
  const row = await findApiDestination(reading(db), place, name);
  if (row === undefined || row.id !== id) throw new Undelivered('NO_RESOURCE', `ApiDestination ${name} does not exist.`, { final: true });
  return row;
}

/** When the destination's rate lets the next invocation go; each asking takes one turn, on whatever server. ms UTC */
export async function takeTurn({ db, clock }: Pick<AuthorizeDeps, 'db' | 'clock'>, place: Place, name: string): Promise<number> {
  return db.transaction(async (tx) => {
    const row = await lockApiDestination(tx, place, name);
    const now = clock.now();
    if (row === undefined) return now;
    const turn = Math.max(now * 1000, row.next_turn);
    await updateApiDestination(tx, row, { next_turn: turn + Math.ceil(1_000_000 / row.rate) });
    return Math.ceil(turn / 1000);
  });
}

/** One HTTP request; whatever is no success throws `Undelivered`. */
export async function invoke(deps: AuthorizeDeps, invocation: Invocation, signal: AbortSignal): Promise<void> {
  const destination = await destinationOf(deps, invocation);
  const connection = await connectionByArn(reading(deps.db), destination, destination.connection);
  if (connection === undefined || connection.secret === null) throw new Undelivered('NO_PERMISSIONS', `The connection of ApiDestination ${destination.name} is not authorized.`, { final: true });
  const auth = openAuth(deps.seal, connection.id, connection.secret);
  const bearer = connection.kind === 'OAUTH_CLIENT_CREDENTIALS' ? await tokenOf(deps, connection, signal) : undefined;
  const request = httpRequest(destination, invocation, auth, bearer);
  let response: OutboundResponse;
  try {
    response = await deps.outbound.request({ ...request, timeout: HTTP_TIMEOUT_MS, maxBody: LARGEST_ANSWER, signal });
  } catch (error) {
    if (error instanceof OutboundRefused) throw new Undelivered('SDK_CLIENT_ERROR', 'The address of the endpoint is not allowed.', { final: true, cause: error });
    if (error instanceof OutboundFailed) throw new Undelivered('TIMEOUT', 'The endpoint did not answer in time.', { cause: error });
    throw error;
  }
  await judge(deps, response, connection);
}

/** AWS tries again on 409, 429 and 5xx, and on 401 and 407 with a new token. */
async function judge(deps: AuthorizeDeps, { status, headers }: OutboundResponse, connection: ConnectionRow): Promise<void> {
  if (status >= 200 && status <= 299) return;
  const stale = connection.kind === 'OAUTH_CLIENT_CREDENTIALS' && (status === 401 || status === 407);
  if (stale) await dropToken(deps, connection);
  const passing = stale || status === 409 || status === 429 || status >= 500;
  const code = status === 429 ? 'THROTTLING' : status === 401 || status === 403 || status === 407 ? 'NO_PERMISSIONS' : 'ERROR_FROM_TARGET';
  throw new Undelivered(code, `The endpoint answered ${status}.`, { final: !passing, retryAfter: retryAfter(headers['retry-after'], deps.clock.now()) });
}

/** Seconds or a date, as in RFC 9110. */
export function retryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** What a connection says stands over what a target says, as on AWS. */
export function httpRequest(destination: Pick<ApiDestinationRow, 'endpoint' | 'method'>, { parameters, input, event }: Pick<Invocation, 'parameters' | 'input' | 'event'>, auth: AuthParameters, bearer: string | undefined) {
  const { InvocationHttpParameters: own, BasicAuthParameters: basic, ApiKeyAuthParameters: key } = auth;
  const url = new URL(fillPath(destination.endpoint, (parameters?.PathParameterValues ?? []).map((value) => dynamic(value, event))));
  for (const [name, value] of Object.entries(parameters?.QueryStringParameters ?? {})) url.searchParams.set(name, dynamic(value, event));
  for (const { Key = '', Value = '' } of own?.QueryStringParameters ?? []) url.searchParams.set(Key, Value);
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Amazon/EventBridge/ApiDestinations' };
  const set = (name: string, value: string): void => {
    if (!isHeaderName(name) || /[\r\n\0]/.test(value)) throw new Undelivered('SDK_CLIENT_ERROR', `The header ${name} cannot be sent.`, { final: true });
    headers[name.toLowerCase()] = value;
  };
  for (const [name, value] of Object.entries(parameters?.HeaderParameters ?? {})) set(name, dynamic(value, event));
  for (const { Key = '', Value = '' } of own?.HeaderParameters ?? []) set(Key, Value);
  if (basic) set('authorization', `Basic ${Buffer.from(`${basic.Username}:${basic.Password}`).toString('base64')}`);
  if (key) set(key.ApiKeyName ?? '', key.ApiKeyValue ?? '');
  if (bearer !== undefined) set('authorization', `Bearer ${bearer}`);
  const { method } = destination;
  return { method, url, headers, ...(!BODILESS.has(method) && { body: withParameters(input, own?.BodyParameters ?? []) }) };
}

/** Each `*` of the endpoint is the next value; one without a value stays. */
function fillPath(endpoint: string, values: readonly string[]): string {
  let next = 0;
  return endpoint.replaceAll('*', () => (next < values.length ? encodeURIComponent(values[next++]!) : '*'));
}

/** A parameter may be a path into the event. */
function dynamic(value: string, event: Json): string {
  if (!value.startsWith('$.')) return value;
  const found = valueAt(value, event);
  return typeof found === 'string' ? found : found === undefined ? '' : JSON.stringify(found);
}

/** A connection's body parameters join a JSON object; any other body is sent as it is. */
function withParameters(input: string, parameters: readonly { Key?: string; Value?: string }[]): string {
  if (parameters.length === 0) return input;
  let body: unknown;
  try {
    body = JSON.parse(input);
  } catch {
    return input;
  }
  return isObject(body) ? JSON.stringify({ ...body, ...Object.fromEntries(parameters.map(({ Key = '', Value = '' }) => [Key, Value])) }) : input;
}
