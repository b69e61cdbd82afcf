import type { EventBridgeApi } from '@slipway/contracts';
import type { CreateEventBusRequest, EventBus, UpdateEventBusRequest } from '@slipway/contracts/eventbridge';
import type { Clock } from '../../kernel/clock.ts';
import { whenTaken } from '../../kernel/database/index.ts';
import type { Database } from '../../kernel/database.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Operations } from '../../kernel/service.ts';
import { putTags, removeAllTags } from '../../kernel/tags.ts';
import { busArn, busOf, DEFAULT_BUS } from './arns.ts';
import { alreadyThere, fail, noBus, notSupported, tooMany } from './fail.ts';
import { LIMITS } from './limits.ts';
import { pageOf } from './pages.ts';
import { countBuses, deleteBus, findBus, insertBus, listArchives, listBuses, listRules, lockBus, putBus, reading, writing } from './store/index.ts';
import type { BusRef, BusRow, Query } from './store/index.ts';
import { refuseTags } from './tags.ts';

/** The default bus is everybody's without a row; one is made when it gets a policy or a description. */
const defaultBus = ({ account, region }: Place): BusRow => ({ account, region, name: DEFAULT_BUS, description: null, policy: null, created: 0, modified: 0 });

/** Undefined for a bus that does not exist. */
export async function findBusOrDefault(query: Query, bus: BusRef): Promise<BusRow | undefined> {
  return (await findBus(query, bus)) ?? (bus.bus === DEFAULT_BUS ? defaultBus(bus) : undefined);
}

/** Refuses what names a bus that does not exist. */
export async function needBus(query: Query, bus: BusRef): Promise<BusRow> {
  const row = await findBusOrDefault(query, bus);
  if (row === undefined) throw noBus(bus);
  return row;
}

const refOf = ({ account, region, name }: BusRow): BusRef => ({ account, region, bus: name });

function toBus(row: BusRow): EventBus {
  return {
    Name: row.name, Arn: busArn(refOf(row)), Description: row.description ?? undefined, Policy: row.policy ?? undefined,
    ...(row.created > 0 && { CreationTime: row.created, LastModifiedTime: row.modified }),
  };
}

function refuseUnheard(input: CreateEventBusRequest | UpdateEventBusRequest): void {
  refuseMembers(input, ['KmsKeyIdentifier', 'DeadLetterConfig'], (name) => notSupported(`${name} of an event bus`));
  if (input.LogConfig?.Level !== undefined && input.LogConfig.Level !== 'OFF') throw notSupported('LogConfig of an event bus');
}

export function buses({ db, clock, paging }: { db: Database; clock: Clock; paging: Paging }) {
  return {
    async CreateEventBus(input, call) {
      refuseUnheard(input);
      refuseMembers(input, ['EventSourceName'], notSupported);
      if (input.Name.includes('/')) throw fail('ValidationException', `Event bus name ${input.Name} is not valid: only partner event buses have slashes in their names.`);
      if (input.Name.startsWith('aws.')) throw fail('ValidationException', 'Event bus name cannot start with "aws.".');
      if (input.Name === DEFAULT_BUS) throw alreadyThere('Event bus', DEFAULT_BUS);
      const now = clock.now();
      const row: BusRow = { ...defaultBus(call), name: input.Name, description: input.Description ?? null, created: now, modified: now };
      await db.transaction(async (tx) => {
        if ((await countBuses(writing(tx), call)) >= LIMITS.buses) throw tooMany();
        await insertBus(tx, row).catch(whenTaken(() => alreadyThere('Event bus', input.Name)));
        await putTags(tx, { account: call.account, arn: busArn(refOf(row)) }, (input.Tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return { EventBusArn: busArn(refOf(row)), Description: input.Description };
    },

    async UpdateEventBus(input, call) {
      refuseUnheard(input);
      const bus = busOf(call, input.Name);
      await db.transaction(async (tx) => {
        const row = (await lockBus(tx, bus)) ?? (await needBus(writing(tx), bus));
        const now = clock.now();
        await putBus(tx, { ...row, description: input.Description ?? null, created: row.created || now, modified: now });
      });
      return { Name: bus.bus, Arn: busArn(bus), Description: input.Description };
    },

    /** A bus that does not exist is no error, as in AWS. */
    async DeleteEventBus(input, call) {
      const bus = busOf(call, input.Name);
      if (bus.bus === DEFAULT_BUS) throw fail('ValidationException', 'Cannot delete event bus default.');
      await db.transaction(async (tx) => {
        const row = await lockBus(tx, bus);
        if (row === undefined) return;
        const [rule] = await listRules(writing(tx), bus, '', { after: undefined, limit: 1 });
        if (rule !== undefined) throw fail('ValidationException', "Event bus can't be deleted since it has rules.");
        const [archive] = await listArchives(writing(tx), bus, { bus: bus.bus }, { after: undefined, limit: 1 });
        if (archive !== undefined) throw fail('ValidationException', "Event bus can't be deleted since it has archives.");
        await removeAllTags(tx, { account: bus.account, arn: busArn(bus) });
        await deleteBus(tx, bus);
      });
      return {};
    },

    async DescribeEventBus(input, call) {
      return toBus(await needBus(reading(db), busOf(call, input.Name)));
    },

    async ListEventBuses(input, call) {
      const prefix = input.NamePrefix ?? '';
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListEventBuses', call, input }, async (slice) => {
        const found = await listBuses(reading(db), call, prefix, slice);
        const isDue = DEFAULT_BUS.startsWith(prefix) && (slice.after === undefined || slice.after < DEFAULT_BUS) && !found.some((row) => row.name === DEFAULT_BUS);
        return isDue ? [...found, defaultBus(call)].toSorted((a, b) => (a.name < b.name ? -1 : 1)) : found;
      }, (row) => row.name);
      return { EventBuses: rows.map(toBus), NextToken };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
