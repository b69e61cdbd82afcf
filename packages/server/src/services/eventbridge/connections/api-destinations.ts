import type { EventBridgeApi } from '@slipway/contracts';
import type { ApiDestination } from '@slipway/contracts/eventbridge';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Place } from '../../../kernel/place.ts';
import type { Operations } from '../../../kernel/service.ts';
import { apiDestinationArn, connectionArn, readEventsArn } from '../arns.ts';
import { checkEndpoint } from '../delivery/connection-auth.ts';
import { alreadyThere, noResource, tooMany } from '../fail.ts';
import { LIMITS } from '../limits.ts';
import { pageOf } from '../pages.ts';
import {
  countApiDestinations, deleteApiDestination, findApiDestination, findConnection, insertApiDestination, listApiDestinations, lockApiDestination, reading, updateApiDestination, writing,
} from '../store/index.ts';
import type { ApiDestinationRow, ConnectionRow, Query } from '../store/index.ts';

/** The connection that an ARN names in this place; undefined when there is none. */
export async function connectionByArn(query: Query, place: Place, arn: string): Promise<ConnectionRow | undefined> {
  const [kind, name = ''] = readEventsArn(arn)?.parts ?? [];
  const row = kind === 'connection' ? await findConnection(query, place, name) : undefined;
  return row !== undefined && connectionArn(row, row.name, row.id) === arn ? row : undefined;
}

async function needConnection(query: Query, place: Place, arn: string): Promise<ConnectionRow> {
  const row = await connectionByArn(query, place, arn);
  if (row === undefined) throw noResource('Connection', arn);
  return row;
}

/** As on AWS a destination is active as long as its connection is authorized. */
const stateOf = (connection: ConnectionRow | undefined): 'ACTIVE' | 'INACTIVE' => (connection?.state === 'AUTHORIZED' ? 'ACTIVE' : 'INACTIVE');

const arnOf = (row: ApiDestinationRow): string => apiDestinationArn(row, row.name, row.id);

export function apiDestinations({ db, clock, paging }: { db: Database; clock: Clock; paging: Paging }) {
  async function toDestination(row: ApiDestinationRow): Promise<ApiDestination> {
    return {
      ApiDestinationArn: arnOf(row), Name: row.name, ApiDestinationState: stateOf(await connectionByArn(reading(db), row, row.connection)), ConnectionArn: row.connection,
      InvocationEndpoint: row.endpoint, HttpMethod: row.method as ApiDestination['HttpMethod'], InvocationRateLimitPerSecond: row.rate, CreationTime: row.created, LastModifiedTime: row.modified,
    };
  }

  return {
    async CreateApiDestination(input, call) {
      checkEndpoint('InvocationEndpoint', input.InvocationEndpoint);
      const connection = await needConnection(reading(db), call, input.ConnectionArn);
      const now = clock.now();
      const row: ApiDestinationRow = {
        account: call.account, region: call.region, name: input.Name, id: uuid(), description: input.Description ?? null, connection: input.ConnectionArn, endpoint: input.InvocationEndpoint,
        method: input.HttpMethod, rate: input.InvocationRateLimitPerSecond ?? LIMITS.invocationsPerSecond, next_turn: 0, created: now, modified: now,
      };
      await db.transaction(async (tx) => {
        if ((await countApiDestinations(writing(tx), call)) >= LIMITS.apiDestinations) throw tooMany();
        await insertApiDestination(tx, row).catch(whenTaken(() => alreadyThere('ApiDestination', row.name)));
      });
      return { ApiDestinationArn: arnOf(row), ApiDestinationState: stateOf(connection), CreationTime: now, LastModifiedTime: now };
    },

    async UpdateApiDestination(input, call) {
      if (input.InvocationEndpoint !== undefined) checkEndpoint('InvocationEndpoint', input.InvocationEndpoint);
      if (input.ConnectionArn !== undefined) await needConnection(reading(db), call, input.ConnectionArn);
      const row = await db.transaction(async (tx) => {
        const known = await lockApiDestination(tx, call, input.Name);
        if (known === undefined) throw noResource('ApiDestination', input.Name);
        const change = {
          description: input.Description ?? known.description, connection: input.ConnectionArn ?? known.connection, endpoint: input.InvocationEndpoint ?? known.endpoint,
          method: input.HttpMethod ?? known.method, rate: input.InvocationRateLimitPerSecond ?? known.rate, modified: clock.now(),
        };
        await updateApiDestination(tx, known, change);
        return { ...known, ...change };
      });
      const { ApiDestinationArn, ApiDestinationState, CreationTime, LastModifiedTime } = await toDestination(row);
      return { ApiDestinationArn, ApiDestinationState, CreationTime, LastModifiedTime };
    },

    async DescribeApiDestination(input, call) {
      const row = await findApiDestination(reading(db), call, input.Name);
      if (row === undefined) throw noResource('ApiDestination', input.Name);
      return { ...(await toDestination(row)), Description: row.description ?? undefined };
    },

    async ListApiDestinations(input, call) {
      const filter = { prefix: input.NamePrefix, connection: input.ConnectionArn };
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListApiDestinations', call, input }, (slice) => listApiDestinations(reading(db), call, filter, slice), (row) => row.name);
      const ApiDestinations: ApiDestination[] = [];
      for (const row of rows) ApiDestinations.push(await toDestination(row));
      return { ApiDestinations, NextToken };
    },

    async DeleteApiDestination(input, call) {
      await db.transaction(async (tx) => {
        const row = await lockApiDestination(tx, call, input.Name);
        if (row === undefined) throw noResource('ApiDestination', input.Name);
        await deleteApiDestination(tx, row);
      });
      return {};
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
