import type { JobRun, Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Seal } from '../../../kernel/seal.ts';
import { OutboundFailed, OutboundRefused } from '../../../outbound/index.ts';
import type { Outbound, OutboundResponse } from '../../../outbound/index.ts';
import { openAuth, openToken, sealToken } from './connection-auth.ts';
import type { AuthParameters } from './connection-auth.ts';
import { Undelivered } from './undelivered.ts';
import { HTTP_TIMEOUT_MS } from '../limits.ts';
import { findConnection, lockConnection, reading, updateConnection } from '../store/index.ts';
import type { ConnectionRow } from '../store/index.ts';

export const AUTHORIZE = 'eventbridge/authorize';

/** A token that ends sooner than this is fetched anew before it is used. */
const SOON_MS = 30_000;
/** Between two attempts to get a first token: as long as it was tried so far, within these. ms */
const PAUSE = { least: 60_000, most: 3_600_000 } as const;
/** As long as deliveries are tried at most. ms */
const GIVEN_UP_AFTER = 24 * 3_600_000;
const LARGEST_TOKEN_ANSWER = 64 * 1024;
/** A year. What an issuer says is anybody's number, and becomes a time that is kept. Seconds */
const LONGEST_TOKEN_LIFE = 31_536_000;

export interface AuthorizeDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly outbound: Outbound;
}

/** Registers the job that gets a new OAuth connection its first token, and so tells whether it works. */
export function authorizeInJobs(deps: AuthorizeDeps & { readonly jobs: Jobs }): void {
  deps.jobs.handle(AUTHORIZE, async (run: JobRun) => {
    const row = await findConnection(reading(deps.db), run.key, run.key.id);
    if (row === undefined || row.state !== 'AUTHORIZING') return;
    await fetchToken(deps, row, run.signal).catch(async (error: unknown) => {
      if (!(error instanceof Undelivered)) throw error;
      if (error.final) return;
      const now = deps.clock.now();
      const tried = now - row.modified;
      if (tried >= GIVEN_UP_AFTER) await settle(deps.db, row, { state: 'DEAUTHORIZED', reason: error.message });
      else run.again(now + Math.min(Math.max(tried, PAUSE.least), PAUSE.most));
    });
  });
}

/** A token that is good now: the one that is kept, or a new one. */
export async function tokenOf(deps: AuthorizeDeps, row: ConnectionRow, signal: AbortSignal): Promise<string> {
  const { token, token_expires: expires } = row;
  if (token !== null && (expires === null || expires > deps.clock.now() + SOON_MS)) return openToken(deps.seal, row.id, token);
  return fetchToken(deps, row, signal);
}

/** The endpoint no longer takes the token; the next attempt fetches another. */
export async function dropToken({ db }: Pick<AuthorizeDeps, 'db'>, row: ConnectionRow): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockConnection(tx, row, row.name);
    if (known?.token === row.token) await updateConnection(tx, row, { token: null, token_expires: null });
  });
}

async function fetchToken(deps: AuthorizeDeps, row: ConnectionRow, signal: AbortSignal): Promise<string> {
  const { db, clock, seal } = deps;
  try {
    const { token, expiresIn } = readAnswer(await ask(deps, row, signal));
    const now = clock.now();
    const expires = expiresIn === undefined ? null : now + expiresIn * 1000;
    await settle(db, row, { state: 'AUTHORIZED', reason: null, token: sealToken(seal, row.id, token), token_expires: expires, authorized: now });
    return token;
  } catch (error) {
    if (signal.aborted || !(error instanceof Undelivered)) throw error;
    // What may pass leaves the connection as it is, to be tried again.
    if (error.final) await settle(db, row, { state: 'DEAUTHORIZED', reason: error.message });
    throw error;
  }
}

/** Writes the outcome unless the connection was changed or made anew meanwhile. */
async function settle(db: Database, row: ConnectionRow, change: Partial<Pick<ConnectionRow, 'state' | 'reason' | 'token' | 'token_expires' | 'authorized'>>): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockConnection(tx, row, row.name);
    if (known !== undefined && known.id === row.id && known.secret === row.secret) await updateConnection(tx, row, change);
  });
}

async function ask({ seal, outbound }: AuthorizeDeps, row: ConnectionRow, signal: AbortSignal): Promise<OutboundResponse> {
  if (row.secret === null) throw new Undelivered('NO_PERMISSIONS', `Connection ${row.name} is not authorized.`, { final: true });
  const request = tokenRequest(openAuth(seal, row.id, row.secret));
  try {
    return await outbound.request({ ...request, timeout: HTTP_TIMEOUT_MS, maxBody: LARGEST_TOKEN_ANSWER, signal });
  } catch (error) {
    if (error instanceof OutboundRefused) throw new Undelivered('SDK_CLIENT_ERROR', 'The address of the authorization endpoint is not allowed.', { final: true, cause: error });
    if (error instanceof OutboundFailed) throw new Undelivered('CONNECTION_FAILURE', 'The authorization endpoint did not answer.', { cause: error });
    throw error;
  }
}

/** RFC 6749, 4.4: the client's credentials and the grant as a form, or in the query of a GET. */
function tokenRequest({ OAuthParameters: oauth }: AuthParameters): { method: string; url: URL; headers: Record<string, string>; body?: string } {
  const url = new URL(oauth?.AuthorizationEndpoint ?? '');
  const { HeaderParameters = [], QueryStringParameters = [], BodyParameters = [] } = oauth?.OAuthHttpParameters ?? {};
  for (const { Key = '', Value = '' } of QueryStringParameters) url.searchParams.set(Key, Value);
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: oauth?.ClientParameters?.ClientID ?? '', client_secret: oauth?.ClientParameters?.ClientSecret ?? '' });
  for (const { Key = '', Value = '' } of BodyParameters) form.set(Key, Value);
  const own = Object.fromEntries(HeaderParameters.map(({ Key = '', Value = '' }) => [Key.toLowerCase(), Value]));
  const method = oauth?.HttpMethod ?? 'POST';
  if (method === 'GET') {
    for (const [key, value] of form) url.searchParams.set(key, value);
    return { method, url, headers: { accept: 'application/json', ...own } };
  }
  return { method, url, headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...own }, body: form.toString() };
}

/** What the endpoint answered is no part of a message: it may hold secrets. `expiresIn` is in whole seconds. */
export function readAnswer({ status, body }: Pick<OutboundResponse, 'status' | 'body'>): { token: string; expiresIn: number | undefined } {
  if (status < 200 || status > 299) throw new Undelivered('NO_PERMISSIONS', `The authorization endpoint answered ${status}.`, { final: status >= 400 && status < 500 && status !== 429 });
  let answer: { access_token?: unknown; expires_in?: unknown } | null;
  try {
    answer = JSON.parse(body.toString()) as typeof answer;
  } catch (cause) {
    throw new Undelivered('NO_PERMISSIONS', 'The authorization endpoint answered no JSON.', { final: true, cause });
  }
  if (typeof answer?.access_token !== 'string') throw new Undelivered('NO_PERMISSIONS', 'The authorization endpoint answered without access_token.', { final: true });
  const expiresIn = Math.floor(Number(answer.expires_in));
  return { token: answer.access_token, expiresIn: expiresIn > 0 ? Math.min(expiresIn, LONGEST_TOKEN_LIFE) : undefined };
}
