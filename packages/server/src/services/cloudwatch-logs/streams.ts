import { randomBytes } from 'node:crypto';
import type { CloudWatchLogsApi } from '@slipway/contracts';
import type { LogStream } from '@slipway/contracts/cloudwatch-logs';
import type { LogStore } from '../../logs/index.ts';
import type { PageKey } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import type { Operations } from '../../kernel/service.ts';
import { DELETION, noGroup } from './groups.ts';
import type { GroupDeps } from './groups.ts';
import { groupOf, streamArn } from './arns.ts';
import { fail } from './fail.ts';
import { pagesOf } from './pages.ts';
import type { StreamRow } from './store.ts';

/** Log streams. */
export function streams(deps: GroupDeps & { readonly logs: LogStore }) {
  const { db, clock, jobs, paging, rows, logs } = deps;

  async function shown(row: StreamRow): Promise<LogStream> {
    const { firstTimestamp, lastTimestamp, lastIngested } = await logs.summary(row.storage_id);
    return {
      logStreamName: row.name, creationTime: row.created, arn: streamArn(row, row.log_group, row.name), storedBytes: 0,
      firstEventTimestamp: firstTimestamp, lastEventTimestamp: lastTimestamp, lastIngestionTime: lastIngested,
    };
  }

  async function byLastEvent(at: Place, group: string, page: { after?: PageKey; descending: boolean }): Promise<LogStream[]> {
    const all = await Promise.all((await rows.streams(at, group)).map((row) => shown(row)));
    const sign = page.descending ? -1 : 1;
    const order = (a: LogStream, b: LogStream): number =>
      sign * ((a.lastEventTimestamp ?? 0) - (b.lastEventTimestamp ?? 0) || ((a.logStreamName as string) < (b.logStreamName as string) ? -1 : 1));
    const [name, lastEventTimestamp] = page.after ?? [];
    const last: LogStream = { logStreamName: String(name), lastEventTimestamp: Number(lastEventTimestamp) };
    const sorted = all.toSorted(order);
    return page.after === undefined ? sorted : sorted.filter((stream) => stream.logStreamName !== name && order(last, stream) < 0);
  }

  return {
    async CreateLogStream({ logGroupName, logStreamName }, call) {
      await db.transaction(async (tx) => {
        if (await rows.lockGroup(tx, call, logGroupName) === undefined) throw noGroup();
        if (!await rows.insertStream(tx, newStream(call, logGroupName, logStreamName, clock.now()))) {
          throw fail('ResourceAlreadyExistsException', 'The specified log stream already exists');
        }
      });
      return {};
    },

    async DeleteLogStream({ logGroupName, logStreamName }, call) {
      await db.transaction(async (tx) => {
        if (await rows.lockGroup(tx, call, logGroupName) === undefined) throw noGroup();
        const ids = await rows.deleteStreams(tx, call, logGroupName, logStreamName);
        if (ids.length === 0) throw noStream();
        for (const id of ids) await jobs.wake(tx, { kind: DELETION, account: call.account, region: call.region, id });
      });
      return {};
    },

    async DescribeLogStreams(input, call) {
      const group = groupOf(call, input);
      const limit = input.limit ?? 50;
      const descending = input.descending ?? false;
      const byTime = input.orderBy === 'LastEventTime';
      if (byTime && input.logStreamNamePrefix !== undefined) throw fail('InvalidParameterException', 'Cannot order by LastEventTime with a logStreamNamePrefix.');
      const listing = pagesOf(paging, call, 'DescribeLogStreams', [group, byTime, descending, input.logStreamNamePrefix]);
      const after = listing.read(input.nextToken);
      if (await rows.group(call, group) === undefined) throw noGroup();
      const found = byTime
        ? await byLastEvent(call, group, { after, descending })
        : await Promise.all((await rows.streams(call, group, {
          limit: limit + 1, prefix: input.logStreamNamePrefix, descending, after: after && String(after[0]),
        })).map((row) => shown(row)));
      const { page, next } = listing.cut(found, limit, (stream) => [stream.logStreamName as string, stream.lastEventTimestamp ?? 0]);
      return { logStreams: [...page], nextToken: next };
    },
  } satisfies Partial<Operations<CloudWatchLogsApi>>;
}

export function newStream(at: Place, group: string, name: string, created: number): StreamRow {
  return { account: at.account, region: at.region, log_group: group, name, storage_id: randomBytes(16).toString('hex'), created };
}

export function noStream() {
  return fail('ResourceNotFoundException', 'The specified log stream does not exist.');
}
