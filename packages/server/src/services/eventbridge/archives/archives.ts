import type { EventBridgeApi } from '@slipway/contracts';
import type { Archive, DescribeArchiveResponse } from '@slipway/contracts/eventbridge';
import type { JobRun, Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import { uuid } from '../../../kernel/ids.ts';
import type { Paging } from '../../../kernel/paging.ts';
import { refuseMembers } from '../../../kernel/refusals.ts';
import type { Operations } from '../../../kernel/service.ts';
import { archiveArn, busArn, readEventsArn } from '../arns.ts';
import { needBus } from '../buses.ts';
import { alreadyThere, fail, noResource, notSupported } from '../fail.ts';
import type { Matching } from '../rules/matching.ts';
import { pageOf } from '../pages.ts';
import { checkPattern } from '../rules/patterns.ts';
import { deleteArchive, deleteRule, findArchive, findArchiveById, insertArchive, listArchives, lockArchive, lockRule, putRule, reading, removeArchived, sizeOfArchive, updateArchive, writing } from '../store/index.ts';
import type { ArchiveRow, BusRef, RuleRef } from '../store/index.ts';

const UPKEEP = 'eventbridge/archive';
const DAY_MS = 86_400_000;
const REMOVED_AT_ONCE = 500;
/** Who owns the rules that fill archives, on AWS as here. */
const MANAGER = 'prod.vhs.events.aws.internal';

const busOfArchive = ({ account, region, bus }: ArchiveRow): BusRef => ({ account, region, bus });
const managedRule = (row: ArchiveRow): RuleRef => ({ ...busOfArchive(row), rule: `Events-Archive-${row.name}` });

function toArchive(row: ArchiveRow, size: { events: number; bytes: number }): Archive {
  return {
    ArchiveName: row.name, EventSourceArn: busArn(busOfArchive(row)), State: 'ENABLED', RetentionDays: row.retention_days, SizeBytes: size.bytes, EventCount: size.events, CreationTime: row.created,
  };
}

export interface ArchivesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly paging: Paging;
  readonly matching: Matching;
}

/** Archives keep the events of one bus; as on AWS a managed rule of the bus fills each. */
export function archives({ db, clock, jobs, paging, matching }: ArchivesDeps) {
  /** Everything but what comes from a replay. */
  async function fillByRule(tx: Transaction, row: ArchiveRow): Promise<void> {
    const taken = await lockRule(tx, managedRule(row));
    if (taken !== undefined && taken.managed_by === null) throw alreadyThere('Rule', taken.name);
    const asked = row.pattern === null ? {} : (JSON.parse(row.pattern) as object);
    await putRule(tx, {
      ...busOfArchive(row), name: managedRule(row).rule, pattern: JSON.stringify({ ...asked, 'replay-name': [{ exists: false }] }), schedule: null, state: 'ENABLED', description: null,
      managed_by: MANAGER, archive: row.id, created_by: row.account, created: row.created, scheduled: null, fires_at: null,
    });
    matching.changed(tx, busOfArchive(row));
  }

  const wakeUpkeep = (tx: Transaction, { account, region, id }: ArchiveRow, due = clock.now()): Promise<void> => jobs.wake(tx, { kind: UPKEEP, account, region, id }, due);

  return {
    async CreateArchive(input, call) {
      refuseMembers(input, ['KmsKeyIdentifier'], notSupported);
      if (input.EventPattern) checkPattern(input.EventPattern);
      const source = readEventsArn(input.EventSourceArn);
      if (source?.parts[0] !== 'event-bus') throw fail('ValidationException', 'Parameter EventSourceArn is not valid. Reason: Provided Arn is not the ARN of an event bus.');
      if (source.place.account !== call.account || source.place.region !== call.region) throw fail('ValidationException', 'Parameter EventSourceArn is not valid. Reason: the event bus must be in the account and region of its archive.');
      const bus = { account: call.account, region: call.region, bus: source.parts.slice(1).join('/') };
      const row: ArchiveRow = {
        account: call.account, region: call.region, name: input.ArchiveName, id: uuid(), bus: bus.bus, pattern: input.EventPattern || null,
        description: input.Description ?? null, retention_days: input.RetentionDays ?? 0, created: clock.now(),
      };
      await db.transaction(async (tx) => {
        await needBus(writing(tx), bus);
        await insertArchive(tx, row).catch(whenTaken(() => alreadyThere('Archive', row.name)));
        await fillByRule(tx, row);
        await wakeUpkeep(tx, row, clock.now() + DAY_MS);
      });
      return { ArchiveArn: archiveArn(call, row.name), State: 'ENABLED', CreationTime: row.created };
    },

    async UpdateArchive(input, call) {
      refuseMembers(input, ['KmsKeyIdentifier'], notSupported);
      if (input.EventPattern) checkPattern(input.EventPattern);
      const row = await db.transaction(async (tx) => {
        const known = await lockArchive(tx, call, input.ArchiveName);
        if (known === undefined) throw noResource('Archive', input.ArchiveName);
        const next: ArchiveRow = {
          ...known, pattern: input.EventPattern === undefined ? known.pattern : input.EventPattern || null, description: input.Description ?? known.description, retention_days: input.RetentionDays ?? known.retention_days,
        };
        await updateArchive(tx, next);
        await fillByRule(tx, next);
        await wakeUpkeep(tx, next);
        return next;
      });
      return { ArchiveArn: archiveArn(call, row.name), State: 'ENABLED', CreationTime: row.created };
    },

    async DescribeArchive(input, call) {
      const row = await findArchive(reading(db), call, input.ArchiveName);
      if (row === undefined) throw noResource('Archive', input.ArchiveName);
      const answer: DescribeArchiveResponse = {
        ...toArchive(row, await sizeOfArchive(reading(db), row)), ArchiveArn: archiveArn(call, row.name), Description: row.description ?? undefined, EventPattern: row.pattern ?? undefined,
      };
      return answer;
    },

    async ListArchives(input, call) {
      const given = [input.NamePrefix, input.EventSourceArn, input.State].filter((one) => one !== undefined);
      if (given.length > 1) throw fail('ValidationException', 'At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.');
      if (input.State !== undefined && input.State !== 'ENABLED') return { Archives: [] };
      const bus = input.EventSourceArn === undefined ? undefined : (readEventsArn(input.EventSourceArn)?.parts.slice(1).join('/') ?? '');
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListArchives', call, input }, (slice) => listArchives(reading(db), call, { prefix: input.NamePrefix, bus }, slice), (row) => row.name);
      const Archives: Archive[] = [];
      for (const row of rows) Archives.push(toArchive(row, await sizeOfArchive(reading(db), row)));
      return { Archives, NextToken };
    },

    /** Its events go with it, piece by piece. */
    async DeleteArchive(input, call) {
      await db.transaction(async (tx) => {
        const row = await lockArchive(tx, call, input.ArchiveName);
        if (row === undefined) throw noResource('Archive', input.ArchiveName);
        await deleteRule(tx, managedRule(row));
        matching.changed(tx, busOfArchive(row));
        await deleteArchive(tx, row);
        await wakeUpkeep(tx, row);
      });
      return {};
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}

/** Registers the job that removes what is older than an archive keeps, and all of an archive that is gone. */
export function keepArchives({ db, clock, jobs }: Pick<ArchivesDeps, 'db' | 'clock' | 'jobs'>): void {
  jobs.handle(UPKEEP, async (run: JobRun) => {
    const { key } = run;
    const row = await findArchiveById(reading(db), key, key.id);
    const now = clock.now();
    const before = row === undefined ? Number.MAX_SAFE_INTEGER : row.retention_days === 0 ? 0 : now - row.retention_days * DAY_MS;
    const removed = await db.transaction(async (tx) => {
      await run.fence(tx);
      return removeArchived(tx, key, key.id, before, REMOVED_AT_ONCE);
    });
    if (removed === REMOVED_AT_ONCE) run.again(now);
    else if (row !== undefined && row.retention_days > 0) run.again(now + DAY_MS);
  });
}
