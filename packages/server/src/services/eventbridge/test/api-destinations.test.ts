import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { httpSink, put } from './house.ts';
import type { Answer } from './house.ts';

const MINUTE = 60_000;
let s: Slipway;
let RoleArn: string;
beforeAll(async () => {
  s = await Slipway.start({ settings: { SLIPWAY_ALLOW_ENDPOINTS: 'loopback' } });
  RoleArn = await s.role('invoker', 'events.amazonaws.com', { Action: 'events:InvokeApiDestination', Resource: '*' });
});
afterAll(() => s.stop());

const basic = { AuthorizationType: 'BASIC', AuthParameters: { BasicAuthParameters: { Username: 'ann', Password: 'a-secret-password' } } } as const;

/** A rule of that name whose events go to the endpoint. */
async function ruleTo(name: string, endpoint: string, more: { connection?: object; destination?: object; target?: object } = {}): Promise<string> {
  const { ConnectionArn } = await s.aws.eventbridge.createConnection({ Name: name, ...basic, ...more.connection });
  const { ApiDestinationArn } = await s.aws.eventbridge.createApiDestination({ Name: name, ConnectionArn, InvocationEndpoint: endpoint, HttpMethod: 'POST', ...more.destination });
  await s.aws.eventbridge.putRule({ Name: name, EventPattern: JSON.stringify({ source: [name] }) });
  expect((await s.aws.eventbridge.putTargets({ Rule: name, Targets: [{ Id: 'http', Arn: ApiDestinationArn, RoleArn, ...more.target }] })).FailedEntries).toEqual([]);
  return ApiDestinationArn!;
}

async function withSink(answers: Answer[], work: (sink: Awaited<ReturnType<typeof httpSink>>) => Promise<void>): Promise<void> {
  const sink = await httpSink(...answers);
  try {
    await work(sink);
  } finally {
    await sink.close();
  }
}

describe('connections', () => {
  test('CreateConnection, UpdateConnection, DescribeConnection, ListConnections, DeauthorizeConnection, DeleteConnection: no secret is shown or stored in the clear', async () => {
      const HeaderParameters = [{ Key: 'x-open', Value: 'seen' }, { Key: 'x-closed', Value: 'a-secret-header', IsValueSecret: true }];
    const { ConnectionArn } = await s.aws.eventbridge.createConnection({ Name: 'mine', ...basic, AuthParameters: { ...basic.AuthParameters, InvocationHttpParameters: { HeaderParameters } } });
    expect(ConnectionArn).toMatch(new RegExp(`^arn:aws:events:us-east-1:${s.account}:connection/mine/[0-9a-f-]{36}$`));
    const shown = await s.aws.eventbridge.describeConnection({ Name: 'mine' });
    expect(shown).toMatchObject({
      ConnectionState: 'AUTHORIZED', AuthorizationType: 'BASIC', LastAuthorizedTime: expect.any(Date),
      AuthParameters: { BasicAuthParameters: { Username: 'ann' }, InvocationHttpParameters: { HeaderParameters: [{ Key: 'x-open', Value: 'seen' }, { Key: 'x-closed', IsValueSecret: true }] } },
    });
    expect(JSON.stringify(shown)).not.toContain('a-secret');
    for (const file of await readdir(join(s.data, 'db'))) expect((await readFile(join(s.data, 'db', file))).includes('a-secret-password')).toBe(false);
    await s.aws.eventbridge.updateConnection({ Name: 'mine', AuthorizationType: 'API_KEY', AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'a-secret-key' } } });
    expect((await s.aws.eventbridge.describeConnection({ Name: 'mine' })).AuthParameters).toEqual({ ApiKeyAuthParameters: { ApiKeyName: 'x-key' } });
    expect((await s.aws.eventbridge.listConnections({ NamePrefix: 'mi', ConnectionState: 'AUTHORIZED' })).Connections).toMatchObject([{ Name: 'mine', AuthorizationType: 'API_KEY' }]);
    expect(await s.aws.eventbridge.deauthorizeConnection({ Name: 'mine' })).toMatchObject({ ConnectionArn, ConnectionState: 'DEAUTHORIZED' });
    await s.aws.eventbridge.deleteConnection({ Name: 'mine' });
    await expect(s.aws.eventbridge.describeConnection({ Name: 'mine' })).rejects.toMatchObject({ name: 'ResourceNotFoundException', message: 'Connection mine does not exist.' });
  });

  test('what a connection cannot be is refused', async () => {
      await s.aws.eventbridge.createConnection({ Name: 'there', ...basic });
    await expect(s.aws.eventbridge.createConnection({ Name: 'there', ...basic })).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException', message: 'Connection there already exists.' });
    await expect(s.aws.eventbridge.createConnection({ Name: 'x', AuthorizationType: 'API_KEY', AuthParameters: basic.AuthParameters })).rejects.toThrow('Parameter AuthParameters is not valid.');
    await expect(s.aws.eventbridge.createConnection({ Name: 'x', ...basic, KmsKeyIdentifier: 'k' })).rejects.toThrow('KmsKeyIdentifier is not supported by Slipway yet.');
    await expect(s.aws.eventbridge.createConnection({ Name: 'x', ...basic, InvocationConnectivityParameters: { ResourceParameters: { ResourceConfigurationArn: 'arn:x' } } })).rejects.toThrow('InvocationConnectivityParameters is not supported by Slipway yet.');
    await expect(s.aws.eventbridge.updateConnection({ Name: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(s.aws.eventbridge.deauthorizeConnection({ Name: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(s.aws.eventbridge.deleteConnection({ Name: 'nowhere' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('API destinations', () => {
  test('CreateApiDestination, UpdateApiDestination, DescribeApiDestination, ListApiDestinations, DeleteApiDestination', async () => {
      const { ConnectionArn } = await s.aws.eventbridge.createConnection({ Name: 'for-crud', ...basic });
    const given = { Name: 'crud', ConnectionArn, InvocationEndpoint: 'https://example.com/a', HttpMethod: 'POST' } as const;
    const { ApiDestinationArn } = await s.aws.eventbridge.createApiDestination(given);
    await expect(s.aws.eventbridge.createApiDestination(given)).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
    await s.aws.eventbridge.updateApiDestination({ Name: 'crud', InvocationRateLimitPerSecond: 5, Description: 'slow' });
    expect(await s.aws.eventbridge.describeApiDestination({ Name: 'crud' })).toMatchObject({ ApiDestinationArn, ApiDestinationState: 'ACTIVE', InvocationRateLimitPerSecond: 5, Description: 'slow', InvocationEndpoint: 'https://example.com/a' });
    await s.aws.eventbridge.deauthorizeConnection({ Name: 'for-crud' });
    expect((await s.aws.eventbridge.listApiDestinations({ ConnectionArn })).ApiDestinations).toMatchObject([{ Name: 'crud', ApiDestinationState: 'INACTIVE' }]);
    await expect(s.aws.eventbridge.createApiDestination({ ...given, Name: 'x', ConnectionArn: `arn:aws:events:us-east-1:${s.account}:connection/for-crud/00000000-0000-0000-0000-000000000000` })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(s.aws.eventbridge.createApiDestination({ ...given, Name: 'x', InvocationEndpoint: 'ftp://example.com' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(s.aws.eventbridge.createApiDestination({ ...given, Name: 'x', InvocationRateLimitPerSecond: 301 })).rejects.toMatchObject({ name: 'ValidationException' });
    await s.aws.eventbridge.deleteApiDestination({ Name: 'crud' });
    await expect(s.aws.eventbridge.deleteApiDestination({ Name: 'crud' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(s.aws.eventbridge.describeApiDestination({ Name: 'crud' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(s.aws.eventbridge.updateApiDestination({ Name: 'crud' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('an event is sent with its path, query, headers and body, the connection\'s standing over the target\'s', () => withSink([{ status: 200 }], async (sink) => {
    const InvocationHttpParameters = {
      HeaderParameters: [{ Key: 'X-Both', Value: 'connection' }], QueryStringParameters: [{ Key: 'q', Value: 'connection' }], BodyParameters: [{ Key: 'extra', Value: 'yes' }],
    };
    await ruleTo('whole', `${sink.url}/users/*/orders/*`, {
      connection: { AuthParameters: { ...basic.AuthParameters, InvocationHttpParameters } },
      target: {
        InputTransformer: { InputPathsMap: { id: '$.detail.id' }, InputTemplate: '{"order":<id>}' },
        HttpParameters: { PathParameterValues: ['$.detail.user', 'a/b'], QueryStringParameters: { q: 'target', r: '$.detail.id' }, HeaderParameters: { 'x-both': 'target', 'x-own': '$.source' } },
      },
    });
    await put(s, 'whole', { user: 'ann k', id: 7 });
    await s.settled();
    expect(sink.received).toMatchObject([{
      method: 'POST', url: '/users/ann%20k/orders/a%2Fb?q=connection&r=7',
      headers: { authorization: `Basic ${Buffer.from('ann:a-secret-password').toString('base64')}`, 'x-both': 'connection', 'x-own': 'whole', 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Amazon/EventBridge/ApiDestinations' },
    }]);
    expect(JSON.parse(sink.received[0]!.body)).toEqual({ order: 7, extra: 'yes' });
  }));

  test('429 and 5xx are tried again, no sooner than Retry-After says; the endpoint that returns gets the event', () => withSink([{ status: 503 }, { status: 429, headers: { 'retry-after': '120' } }, { status: 200 }], async (sink) => {
    await ruleTo('returning', sink.url);
    await put(s, 'returning', {});
    await s.settled();
    expect(sink.received).toHaveLength(1);
    await s.clock.advance(5_000);
    expect(sink.received).toHaveLength(2);
    await s.clock.advance(110_000);
    expect(sink.received).toHaveLength(2);
    await s.clock.advance(15_000);
    expect(sink.received).toHaveLength(3);
    await s.clock.advance(60 * MINUTE);
    expect(sink.received).toHaveLength(3);
  }));

  test('an endpoint that comes back within a day gets the event', () => withSink([{ status: 500 }], async (sink) => {
    await ruleTo('late', sink.url, { target: { RetryPolicy: { MaximumEventAgeInSeconds: 3600 } } });
    await put(s, 'late', {});
    await s.clock.advance(59 * MINUTE);
    const tries = sink.received.length;
    expect(tries).toBeGreaterThan(10);
    await s.clock.advance(24 * 60 * MINUTE);
    expect(sink.received.length - tries).toBeLessThanOrEqual(2);
  }));

  test('400 and redirects are final', () => withSink([{ status: 400 }, { status: 302, headers: { location: 'http://127.0.0.1:1/' } }], async (sink) => {
    await ruleTo('final', sink.url);
    await put(s, 'final', {});
    await s.settled();
    await put(s, 'final', {});
    await s.clock.advance(60 * MINUTE);
    expect(sink.received).toHaveLength(2);
  }));

  test('an endpoint that stalls holds up no other target', () => withSink(['stall'], async (sink) => withSink([{ status: 200 }], async (quick) => {
    await ruleTo('stalling', sink.url, { target: { RetryPolicy: { MaximumRetryAttempts: 0 } } });
    await ruleTo('quick', quick.url);
    await put(s, 'stalling', {});
    await expect.poll(() => sink.received.length).toBe(1);
    await put(s, 'quick', {});
    await expect.poll(() => quick.received.length).toBe(1);
    await s.settled();
  })), 15_000);

  test('InvocationRateLimitPerSecond spreads invocations', () => withSink([{ status: 200 }], async (sink) => {
    await ruleTo('slow', sink.url, { destination: { InvocationRateLimitPerSecond: 1 } });
    await s.aws.eventbridge.putEvents({ Entries: Array.from({ length: 5 }, () => ({ Source: 'slow', DetailType: 'T', Detail: '{}' })) });
    await s.settled();
    expect(sink.received).toHaveLength(1);
    await s.clock.advance(2_100);
    expect(sink.received).toHaveLength(3);
    await s.clock.advance(2_000);
    expect(sink.received).toHaveLength(5);
  }));

  test('a role without the right invokes nothing; an address that is not allowed is not connected to', () => withSink([{ status: 200 }], async (sink) => {
    const powerless = await s.role('not-invoker', 'events.amazonaws.com');
    await ruleTo('powerless', sink.url, { target: { RoleArn: powerless } });
    await put(s, 'powerless', {});
    await s.clock.advance(10 * MINUTE);
    expect(sink.received).toEqual([]);
    const strict = await Slipway.start();
    try {
      const { ConnectionArn } = await strict.aws.eventbridge.createConnection({ Name: 'c', ...basic });
      const { ApiDestinationArn } = await strict.aws.eventbridge.createApiDestination({ Name: 'd', ConnectionArn, InvocationEndpoint: sink.url, HttpMethod: 'POST' });
      const role = await strict.role('r', 'events.amazonaws.com', { Action: 'events:*', Resource: '*' });
      await strict.aws.eventbridge.putRule({ Name: 'r', EventPattern: '{"source":["x"]}' });
      await strict.aws.eventbridge.putTargets({ Rule: 'r', Targets: [{ Id: 't', Arn: ApiDestinationArn, RoleArn: role }] });
      await put(strict, 'x', {});
      await strict.clock.advance(10 * MINUTE);
      expect(sink.received).toEqual([]);
    } finally {
      await strict.stop();
    }
  }));
});

const oauth = (endpoint: string) => ({
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS' as const,
  AuthParameters: {
    OAuthParameters: {
      ClientParameters: { ClientID: 'client', ClientSecret: 'a-secret-client' }, AuthorizationEndpoint: `${endpoint}/token`, HttpMethod: 'POST' as const,
      OAuthHttpParameters: { BodyParameters: [{ Key: 'audience', Value: 'here', IsValueSecret: false }] },
    },
  },
});
const token = (text: string): Answer => ({ status: 200, body: JSON.stringify({ access_token: text, token_type: 'Bearer', expires_in: 3600 }) });

describe('OAuth', () => {
  test('a token is fetched once, used, and fetched anew when it is refused or about to end', () => withSink([token('one'), token('two'), token('three')], async (issuer) => withSink([{ status: 200 }, { status: 200 }, { status: 401 }, { status: 200 }], async (sink) => {
    await ruleTo('oauth', sink.url, { connection: oauth(issuer.url) });
    await s.settled();
    expect(await s.aws.eventbridge.describeConnection({ Name: 'oauth' })).toMatchObject({ ConnectionState: 'AUTHORIZED', AuthParameters: { OAuthParameters: { ClientParameters: { ClientID: 'client' } } } });
    expect(Object.fromEntries(new URLSearchParams(issuer.received[0]!.body))).toEqual({ grant_type: 'client_credentials', client_id: 'client', client_secret: 'a-secret-client', audience: 'here' });
    for (const n of [1, 2, 3]) {
      await put(s, 'oauth', { n });
      await s.settled();
    }
    await s.clock.advance(5_000);
    expect(sink.received.map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer one', 'Bearer one', 'Bearer two']);
    await s.clock.advance(59.8 * MINUTE);
    await put(s, 'oauth', { n: 4 });
    await s.settled();
    expect(sink.received.at(-1)!.headers['authorization']).toBe('Bearer three');
    expect(issuer.received).toHaveLength(3);
  })));

  test('an issuer at an address that is not allowed is never asked', () => withSink([token('one')], async (issuer) => {
    const strict = await Slipway.start();
    try {
      await strict.aws.eventbridge.createConnection({ Name: 'inside', ...oauth(issuer.url) });
      await strict.aws.eventbridge.createConnection({ Name: 'metadata', ...oauth('http://169.254.169.254') });
      await strict.clock.advance(10 * MINUTE);
      for (const Name of ['inside', 'metadata']) {
        expect(await strict.aws.eventbridge.describeConnection({ Name })).toMatchObject({ ConnectionState: 'DEAUTHORIZED', StateReason: 'The address of the authorization endpoint is not allowed.' });
      }
      expect(issuer.received).toEqual([]);
    } finally {
      await strict.stop();
    }
  }));

  test('an issuer\'s redirect is not followed', () => withSink([{ status: 200 }], async (inside) => withSink([{ status: 302, headers: { location: `${inside.url}/latest/meta-data` } }], async (issuer) => {
    await s.aws.eventbridge.createConnection({ Name: 'redirected', ...oauth(issuer.url) });
    await s.settled();
    expect((await s.aws.eventbridge.describeConnection({ Name: 'redirected' })).ConnectionState).not.toBe('AUTHORIZED');
    expect(inside.received).toEqual([]);
  })));

  test('an issuer that refuses leaves the connection deauthorized, and says no more than its status', () => withSink([{ status: 401, body: 'a-secret-client is wrong' }], async (issuer) => {
    await s.aws.eventbridge.createConnection({ Name: 'refused', ...oauth(issuer.url) });
    await s.settled();
    expect(await s.aws.eventbridge.describeConnection({ Name: 'refused' })).toMatchObject({ ConnectionState: 'DEAUTHORIZED', StateReason: 'The authorization endpoint answered 401.' });
  }));

  test('an issuer that fails is asked ever less often, and not for longer than a day; an update begins anew and keeps nothing of why', () => withSink([{ status: 503 }], async (issuer) => {
    const own = await Slipway.start({ allowEndpoints: 'loopback' });
    onTestFinished(() => own.stop());
    await own.aws.eventbridge.createConnection({ Name: 'failing', ...oauth(issuer.url) });
    const describe = () => own.aws.eventbridge.describeConnection({ Name: 'failing' });
    await own.clock.advance(60 * MINUTE);
    expect(issuer.received.length).toBeLessThan(10);
    expect(await describe()).toMatchObject({ ConnectionState: 'AUTHORIZING' });
    await own.clock.advance(25 * 60 * MINUTE);
    const asked = issuer.received.length;
    expect(asked).toBeLessThan(36);
    expect(await describe()).toMatchObject({ ConnectionState: 'DEAUTHORIZED', StateReason: 'The authorization endpoint answered 503.' });
    await own.aws.eventbridge.updateConnection({ Name: 'failing', Description: 'no other secrets' });
    expect(await describe()).toMatchObject({ ConnectionState: 'DEAUTHORIZED', StateReason: 'The authorization endpoint answered 503.' });
    await own.clock.advance(120 * MINUTE);
    expect(issuer.received).toHaveLength(asked);
    await own.aws.eventbridge.updateConnection({ Name: 'failing', AuthParameters: { OAuthParameters: oauth(issuer.url).AuthParameters.OAuthParameters } });
    const begun = await describe();
    expect([begun.ConnectionState, begun.StateReason]).toEqual(['AUTHORIZING', undefined]);
  }), 60_000);
});
