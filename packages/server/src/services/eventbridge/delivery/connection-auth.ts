import type { ConnectionHttpParameters, CreateConnectionAuthRequestParameters, UpdateConnectionAuthRequestParameters, ConnectionAuthResponseParameters } from '@slipway/contracts/eventbridge';
import type { Seal } from '../../../kernel/seal.ts';
import { fail } from '../fail.ts';
import type { ConnectionRow } from '../store/index.ts';

/** What a connection knows, secrets included. */
export type AuthParameters = CreateConnectionAuthRequestParameters | UpdateConnectionAuthRequestParameters;

const NEEDED = { BASIC: 'BasicAuthParameters', API_KEY: 'ApiKeyAuthParameters', OAUTH_CLIENT_CREDENTIALS: 'OAuthParameters' } as const;

const place = (id: string, column: string): string => `eventbridge_connections/${column}/${id}`;

export const sealAuth = (seal: Seal, id: string, auth: AuthParameters): string => seal.seal(JSON.stringify(auth), place(id, 'secret'));
export const openAuth = (seal: Seal, id: string, sealed: string): AuthParameters => JSON.parse(seal.open(sealed, place(id, 'secret'))) as AuthParameters;
export const sealToken = (seal: Seal, id: string, token: string): string => seal.seal(token, place(id, 'token'));
export const openToken = (seal: Seal, id: string, sealed: string): string => seal.open(sealed, place(id, 'token'));

/** A connection has exactly the parameters of its kind, each of them whole. */
export function checkAuth(kind: ConnectionRow['kind'], auth: AuthParameters): void {
  for (const [other, member] of Object.entries(NEEDED)) {
    if (other === kind && auth[member] === undefined) throw wrong(`${member} is required for AuthorizationType ${kind}`);
    if (other !== kind && auth[member] !== undefined) throw wrong(`${member} is not for AuthorizationType ${kind}`);
  }
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = auth;
  if (basic && (!basic.Username || !basic.Password)) throw wrong('BasicAuthParameters needs Username and Password');
  if (key && (!key.ApiKeyName || !key.ApiKeyValue)) throw wrong('ApiKeyAuthParameters needs ApiKeyName and ApiKeyValue');
  if (key?.ApiKeyName !== undefined && !isHeaderName(key.ApiKeyName)) throw wrong('ApiKeyName must be the name of a header');
  if (oauth && (!oauth.ClientParameters?.ClientID || !oauth.ClientParameters.ClientSecret || !oauth.AuthorizationEndpoint || !oauth.HttpMethod)) {
    throw wrong('OAuthParameters needs ClientParameters, AuthorizationEndpoint and HttpMethod');
  }
  if (oauth?.AuthorizationEndpoint !== undefined) checkEndpoint('AuthorizationEndpoint', oauth.AuthorizationEndpoint);
  for (const { Key } of [...(auth.InvocationHttpParameters?.HeaderParameters ?? []), ...(oauth?.OAuthHttpParameters?.HeaderParameters ?? [])]) {
    if (Key === undefined || !isHeaderName(Key)) throw wrong(`${Key ?? 'A header without a name'} is not the name of a header`);
  }
}

const wrong = (reason: string): Error => fail('ValidationException', `Parameter AuthParameters is not valid. Reason: ${reason}.`);

export const isHeaderName = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);

/** AWS takes https alone; plain HTTP is for endpoints inside an installation, whose addresses it must allow. */
export function checkEndpoint(member: string, text: string): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw fail('ValidationException', `Parameter ${member} is not valid. Reason: Provided endpoint is not a URL.`, { cause });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw fail('ValidationException', `Parameter ${member} is not valid. Reason: the endpoint must begin with https:// or http://.`);
  if (url.username !== '' || url.password !== '') throw fail('ValidationException', `Parameter ${member} is not valid. Reason: credentials belong into the connection.`);
}

const merged = <T extends object>(old: T | undefined, next: T | undefined): T | undefined => (next === undefined ? old : { ...old, ...next });

/** An update replaces what it names, member by member. */
export function mergeAuth(known: AuthParameters, update: UpdateConnectionAuthRequestParameters): AuthParameters {
  const oauth = merged(known.OAuthParameters, update.OAuthParameters);
  const all: UpdateConnectionAuthRequestParameters = {
    BasicAuthParameters: merged(known.BasicAuthParameters, update.BasicAuthParameters),
    ApiKeyAuthParameters: merged(known.ApiKeyAuthParameters, update.ApiKeyAuthParameters),
    OAuthParameters: oauth && { ...oauth, ClientParameters: merged(known.OAuthParameters?.ClientParameters, update.OAuthParameters?.ClientParameters) },
    InvocationHttpParameters: update.InvocationHttpParameters ?? known.InvocationHttpParameters,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** What DescribeConnection shows: no password, key or client secret, and no value that was said to be secret. */
export function shownAuth({ BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth, InvocationHttpParameters: http }: AuthParameters): ConnectionAuthResponseParameters {
  return {
    ...(basic && { BasicAuthParameters: { Username: basic.Username } }),
    ...(key && { ApiKeyAuthParameters: { ApiKeyName: key.ApiKeyName } }),
    ...(oauth && {
      OAuthParameters: {
        ClientParameters: { ClientID: oauth.ClientParameters?.ClientID }, AuthorizationEndpoint: oauth.AuthorizationEndpoint, HttpMethod: oauth.HttpMethod,
        ...(oauth.OAuthHttpParameters && { OAuthHttpParameters: shownParameters(oauth.OAuthHttpParameters) }),
      },
    }),
    ...(http && { InvocationHttpParameters: shownParameters(http) }),
  };
}

const shown = <T extends { Value?: string; IsValueSecret?: boolean }>(list: T[] | undefined): T[] | undefined =>
  list?.map((one) => (one.IsValueSecret === true ? { ...one, Value: undefined } : { ...one, IsValueSecret: false }));

function shownParameters({ HeaderParameters, QueryStringParameters, BodyParameters }: ConnectionHttpParameters): ConnectionHttpParameters {
  return { HeaderParameters: shown(HeaderParameters), QueryStringParameters: shown(QueryStringParameters), BodyParameters: shown(BodyParameters) };
}
