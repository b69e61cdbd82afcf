import type { EventBridgeApi } from '@slipway/contracts';
import type { Replay, StartReplayRequest } from '@slipway/contracts/eventbridge';
import type { JobKey, Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { whenTaken } from '../../../kernel/database/index.ts';
import type { Paging } from '../../../kernel/paging.ts';
import type { Call, Operations } from '../../../kernel/service.ts';
import { archiveArn, busArn, readEventsArn, replayArn, ruleArn } from '../arns.ts';
import { alreadyThere, fail, noResource, tooMany } from '../fail.ts';
import { LIMITS, REMEMBER_REPLAYS_MS } from '../limits.ts';
import { pageOf } from '../pages.ts';
import { countRunningReplays, findArchive, findReplay, insertReplay, listReplays, lockReplay, reading, removeReplays, updateReplay, writing } from '../store/index.ts';
import type { ArchiveRow, ReplayRow } from '../store/index.ts';

export const REPLAY = 'eventbridge/replay';

const replayJob = ({ account, region, name }: ReplayRow): JobKey => ({ kind: REPLAY, account, region, id: name });

function toReplay(row: ReplayRow): Replay {
  return {
    ReplayName: row.name, EventSourceArn: archiveArn(row, row.archive_name), State: row.state, StateReason: row.reason ?? undefined, EventStartTime: row.first, EventEndTime: row.last,
    EventLastReplayedTime: row.cursor_time ?? undefined, ReplayStartTime: row.started, ReplayEndTime: row.ended ?? undefined,
  };
}

export function replays({ db, clock, jobs, paging }: { db: Database; clock: Clock; jobs: Jobs; paging: Paging }) {
  async function archiveOf(input: StartReplayRequest, call: Call): Promise<ArchiveRow> {
    const [kind, name = ''] = readEventsArn(input.EventSourceArn)?.parts ?? [];
    if (kind !== 'archive') throw fail('ValidationException', 'Parameter EventSourceArn is not valid. Reason: Provided Arn is not the ARN of an archive.');
    const archive = archiveArn(call, name) === input.EventSourceArn ? await findArchive(reading(db), call, name) : undefined;
    if (archive === undefined) throw fail('ValidationException', `Parameter EventSourceArn is not valid. Reason: Archive ${name} does not exist.`);
    return archive;
  }

  return {
    async StartReplay(input, call) {
      if (input.EventStartTime >= input.EventEndTime) throw fail('ValidationException', 'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.');
      const archive = await archiveOf(input, call);
      const bus = { account: call.account, region: call.region, bus: archive.bus };
      if (input.Destination.Arn !== busArn(bus)) throw fail('ValidationException', 'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.');
      const filter = input.Destination.FilterArns ?? [];
      const foreign = filter.find((arn) => arn !== ruleArn({ ...bus, rule: arn.slice(arn.lastIndexOf('/') + 1) }));
      if (foreign !== undefined) throw fail('ValidationException', `Parameter Destination.FilterArns is not valid. Reason: ${foreign} is not a rule of the event bus.`);
      const now = clock.now();
      const row: ReplayRow = {
        account: call.account, region: call.region, name: input.ReplayName, archive: archive.id, archive_name: archive.name, bus: archive.bus,
        filter: filter.length === 0 ? null : JSON.stringify(filter), description: input.Description ?? null, state: 'STARTING', reason: null,
        first: input.EventStartTime, last: input.EventEndTime, cursor_time: null, cursor_id: null, started: now, ended: null,
      };
      await db.transaction(async (tx) => {
        await removeReplays(tx, call, now - REMEMBER_REPLAYS_MS);
        if ((await countRunningReplays(writing(tx), call)) >= LIMITS.runningReplays) throw tooMany();
        await insertReplay(tx, row).catch(whenTaken(() => alreadyThere('Replay', row.name)));
        await jobs.wake(tx, replayJob(row));
      });
      return { ReplayArn: replayArn(call, row.name), State: row.state, ReplayStartTime: now };
    },

    async CancelReplay(input, call) {
      const state = await db.transaction(async (tx) => {
        const row = await lockReplay(tx, call, input.ReplayName);
        if (row === undefined) throw noResource('Replay', input.ReplayName);
        if (row.state !== 'STARTING' && row.state !== 'RUNNING') throw fail('IllegalStatusException', `Replay ${row.name} is not in a valid state for this operation.`);
        await updateReplay(tx, row, { state: 'CANCELLING' });
        await jobs.wake(tx, replayJob(row));
        return 'CANCELLING' as const;
      });
      return { ReplayArn: replayArn(call, input.ReplayName), State: state };
    },

    async DescribeReplay(input, call) {
      const row = await findReplay(reading(db), call, input.ReplayName);
      if (row === undefined) throw noResource('Replay', input.ReplayName);
      const FilterArns = row.filter === null ? undefined : (JSON.parse(row.filter) as string[]);
      return {
        ...toReplay(row), ReplayArn: replayArn(call, row.name), Description: row.description ?? undefined,
        Destination: { Arn: busArn({ account: row.account, region: row.region, bus: row.bus }), FilterArns },
      };
    },

    async ListReplays(input, call) {
      const given = [input.NamePrefix, input.EventSourceArn, input.State].filter((one) => one !== undefined);
      if (given.length > 1) throw fail('ValidationException', 'At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.');
      const archive = input.EventSourceArn === undefined ? undefined : (readEventsArn(input.EventSourceArn)?.parts[1] ?? '');
      const filter = { prefix: input.NamePrefix, state: input.State, archive };
      const { rows, NextToken } = await pageOf(paging, { operation: 'ListReplays', call, input }, (slice) => listReplays(reading(db), call, filter, slice), (row) => row.name);
      return { Replays: rows.map(toReplay), NextToken };
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}
