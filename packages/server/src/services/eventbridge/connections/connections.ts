import type { EventBridgeApi } from '@slipway/contracts';
import type { Connection, ConnectionAuthResponseParameters, CreateConnectionRequest, UpdateConnectionRequest } from '@slipway/contracts/eventbridge';
import type { Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Paging } from '../../../kernel/paging.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Seal } from '../../../kernel/seal.ts';
import type { Operations } from '../../../kernel/service.ts';
import { connectionArn } from '../arns.ts';
import { AUTHORIZE } from '../delivery/authorize.ts';
import { checkAuth, mergeAuth, sealAuth, shownAuth, openAuth } from '../delivery/connection-auth.ts';
import type { AuthParameters } from '../delivery/connection-auth.ts';
import { alreadyThere, noResource, notSupported, tooMany } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { pageOf } from '../pages.ts';
import { countConnections, deleteConnection, findConnection, insertConnection, listConnections, lockConnection, reading, updateConnection, writing } from '../store/index.ts';
import type { ConnectionRow } from '../store/index.ts';

const arnOf = (row: ConnectionRow): string => connectionArn(row, row.name, row.id);

function toConnection(row: ConnectionRow): Connection {
  return {
    ConnectionArn: arnOf(row), Name: row.name, ConnectionState: row.state, StateReason: row.reason ?? undefined, AuthorizationType: row.kind,
    CreationTime: row.created, LastModifiedTime: row.modified, LastAuthorizedTime: row.authorized ?? undefined,
  };
}

const changed = (row: ConnectionRow) => ({ ConnectionArn: arnOf(row), ConnectionState: row.state, CreationTime: row.created, LastModifiedTime: row.modified, LastAuthorizedTime: row.authorized ?? undefined });

/** Passwords and keys are taken as they are; an OAuth client must first get a token. */
const authorised = (kind: ConnectionRow['kind'], now: number) =>
  (kind === 'OAUTH_CLIENT_CREDENTIALS' ? { state: 'AUTHORIZING' as const, authorized: null } : { state: 'AUTHORIZED' as const, authorized: now });

function refuseUnheard(input: CreateConnectionRequest | UpdateConnectionRequest): void {
  refuseMembers(input, ['InvocationConnectivityParameters', 'KmsKeyIdentifier'], notSupported);
  refuseMembers(input.AuthParameters, ['ConnectivityParameters'], (name) => notSupported(`AuthParameters.${name}`));
}

export interface ConnectionsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly seal: Seal;
}

/** How API destinations are spoken to. Secrets are sealed at rest and shown to nobody. */
export function connections({ db, clock, jobs, paging, seal }: ConnectionsDeps) {
  async function begin(tx: Transaction, row: ConnectionRow): Promise<void> {
    if (row.state === 'AUTHORIZING') await jobs.wake(tx, { kind: AUTHORIZE, account: row.account, region: row.region, id: row.name });
  }

  return {
    async CreateConnection(input, call) {
      refuseUnheard(input);
      const auth: AuthParameters = input.AuthParameters;
      checkAuth(input.AuthorizationType, auth);
      const now = clock.now();
      const id = uuid();
      const row: ConnectionRow = {
        account: call.account, region: call.region, name: input.Name, id, description: input.Description ?? null, kind: input.AuthorizationType, reason: null,
        shown: JSON.stringify(shownAuth(auth)), secret: sealAuth(seal, id, auth), token: null, token_expires: null, created: now, modified: now,
        ...authorised(input.AuthorizationType, now),
      };
      await db.transaction(async (tx) => {
        if ((await countConnections(writing(tx), call)) >= LIMITS.connections) throw tooMany();
        await insertConnection(tx, row).catch(whenTaken(() => alreadyThere('Connection', row.name)));
        await begin(tx, row);
      });
      return { ConnectionArn: arnOf(row), ConnectionState: row.state, CreationTime: now, LastModifiedTime: now };
    },

    async UpdateConnection(input, call) {
      refuseUnheard(input);
      const row = await db.transaction(async (tx) => {
        const known = await lockConnection(tx, call, input.Name);
        if (known === undefined) throw noResource('Connection', input.Name);
        const kind = input.AuthorizationType ?? known.kind;
        const now = clock.now();
        const auth = input.AuthParameters && mergeAuth(known.secret === null || kind !== known.kind ? {} : openAuth(seal, known.id, known.secret), input.AuthParameters);
        checkAuth(kind, auth ?? (known.secret === null ? {} : openAuth(seal, known.id, known.secret)));
        const next: ConnectionRow = {
          ...known, kind, description: input.Description ?? known.description, modified: now,
          ...(auth !== undefined && { shown: JSON.stringify(shownAuth(auth)), secret: sealAuth(seal, known.id, auth), token: null, token_expires: null }),
          ...(auth !== undefined && { reason: null, ...authorised(kind, now) }),
        };
        const { account: _account, region: _region, name: _name, id: _id, created: _created, ...change } = next;
        await updateConnection(tx, known, change);
        await begin(tx, next);
        return next;
      });
      return changed(row);
    },

    /** Secrets are left out; `SecretArn` too, since no secret of Secrets Manager stands behind a connection here. */
    async DescribeConnection(input, call) {
      const row = await findConnection(reading(db), call, input.Name);
      if (row === undefined) throw noResource('Connection', input.Name);
      return { ...toConnection(row), Description: row.description ?? undefined, AuthParameters: JSON.parse(row.shown) as ConnectionAuthResponseParameters };
    },

    async ListConnections(input, call) {
      const { ConnectionState: state } = input;
      if (state !== undefined && state !== 'AUTHORIZED' && state !== 'AUTHORIZING' && state !== 'DEAUTHORIZED') return { Connections: [] };
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListConnections', call, input }, (slice) => listConnections(reading(db), call, { prefix: input.NamePrefix, state }, slice), (row) => row.name);
      return { Connections: rows.map(toConnection), NextToken };
    },

    async DeauthorizeConnection(input, call) {
      const row = await db.transaction(async (tx) => {
        const known = await lockConnection(tx, call, input.Name);
        if (known === undefined) throw noResource('Connection', input.Name);
        const change = { state: 'DEAUTHORIZED' as const, reason: null, secret: null, token: null, token_expires: null, modified: clock.now() };
        await updateConnection(tx, known, change);
        return { ...known, ...change };
      });
      return changed(row);
    },

    async DeleteConnection(input, call) {
      const row = await db.transaction(async (tx) => {
        const known = await lockConnection(tx, call, input.Name);
        if (known === undefined) throw noResource('Connection', input.Name);
        await deleteConnection(tx, known);
        return known;
      });
      return { ...changed(row), ConnectionState: 'DELETING' as const };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
