import type { CloudWatchLogsApi } from '@slipway/contracts';
import type { FilteredLogEvent, FilterLogEventsRequest } from '@slipway/contracts/cloudwatch-logs';
import type { PageKey, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Operations } from '../../kernel/service.ts';
import type { LogStore, StoredEntry } from '../../logs/index.ts';
import { eventId } from './events.ts';
import { noGroup } from './groups.ts';
import { MAX_PAGE_BYTES, MAX_PAGE_EVENTS } from './limits.ts';
import { groupOf } from './arns.ts';
import { fail, invalidToken, notSupported } from './fail.ts';
import { pagesOf } from './pages.ts';
import { filterPattern } from './pattern.ts';
import type { LogsTables, StreamRow } from './store.ts';
import { noStream } from './streams.ts';

/** How many events one call looks at before it answers with what it found and a token, as AWS does on sparse matches. */
const MAX_SCANNED = 100_000;
const CHUNK = 500;

/** Where a page ended: events are ordered by time, then stream name, then place in the stream. */
interface Mark { readonly timestamp: number; readonly stream: string; readonly position: number }

/** Searching all streams of a group, interleaved by time. */
export function filter(deps: { logs: LogStore; paging: Paging; rows: LogsTables }) {
  const { logs, paging, rows } = deps;

  async function searched(at: Place, group: string, input: FilterLogEventsRequest): Promise<StreamRow[]> {
    if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
      throw fail('InvalidParameterException', 'logStreamNamePrefix and logStreamNames are mutually exclusive parameters.');
    }
    if (await rows.group(at, group) === undefined) throw noGroup();
    if (input.logStreamNames === undefined) return rows.streams(at, group, { prefix: input.logStreamNamePrefix });
    const found = await Promise.all([...new Set(input.logStreamNames)].toSorted(byBytes).map((name) => rows.stream(at, group, name)));
    return found.map((row) => row ?? (() => { throw noStream(); })());
  }

  /** The events of one stream after the mark, read a chunk at a time. */
  async function* eventsOf(row: StreamRow, mark: Mark | undefined, range: { start?: number; end?: number }): AsyncGenerator<StoredEntry> {
    let from = mark && { timestamp: mark.timestamp, position: resume(row.name, mark) };
    for (;;) {
      const page = await logs.read(row.storage_id, { direction: 'forward', from, ...range, limit: CHUNK });
      yield* page;
      if (page.length < CHUNK) return;
      from = page.at(-1);
    }
  }

  return {
    async FilterLogEvents(input, call) {
      if (input.startFromHead === false) throw notSupported('startFromHead false');
      refuseMembers(input, ['unmask'], notSupported);
      const accepts = filterPattern(input.filterPattern);
      const group = groupOf(call, input);
      const listing = pagesOf(paging, call, 'FilterLogEvents', [group, input.logStreamNames, input.logStreamNamePrefix, input.startTime, input.endTime, input.filterPattern]);
      const mark = markOf(listing.read(input.nextToken));
      const streams = await searched(call, group, input);
      const range = { start: input.startTime, end: input.endTime === undefined ? undefined : input.endTime + 1 };
      const found: FilteredLogEvent[] = [];
      let [scanned, bytes] = [0, 0];
      let last: Mark | undefined;
      for await (const { row, entry } of interleave(streams.map((row) => ({ row, entries: eventsOf(row, mark, range) })))) {
        const accepted = accepts(entry.message);
        bytes += accepted ? Buffer.byteLength(entry.message) : 0;
        if (found.length >= (input.limit ?? MAX_PAGE_EVENTS) || scanned >= MAX_SCANNED || (bytes > MAX_PAGE_BYTES && found.length > 0)) {
          return { events: found, searchedLogStreams: [], nextToken: last && listing.after([last.timestamp, last.stream, last.position]) };
        }
        scanned += 1;
        last = { timestamp: entry.timestamp, stream: row.name, position: entry.position };
        if (accepted) found.push({ logStreamName: row.name, timestamp: entry.timestamp, message: entry.message, ingestionTime: entry.ingested, eventId: eventId(row, entry) });
      }
      return { events: found, searchedLogStreams: [] };
    },
  } satisfies Partial<Operations<CloudWatchLogsApi>>;
}

/** From where a stream goes on: of the events at the mark's very time, the streams before the marked one are done. */
function resume(stream: string, mark: Mark): number {
  const order = byBytes(stream, mark.stream);
  if (order === 0) return mark.position;
  return order < 0 ? Number.MAX_SAFE_INTEGER : -1;
}

interface Source { readonly row: StreamRow; readonly entries: AsyncGenerator<StoredEntry> }

async function* interleave(sources: readonly Source[]): AsyncGenerator<{ row: StreamRow; entry: StoredEntry }> {
  const heads: (Source & { entry: StoredEntry })[] = [];
  const take = async (source: Source): Promise<void> => {
    const next = await source.entries.next();
    if (!next.done) insert(heads, { ...source, entry: next.value });
  };
  for (const source of sources) await take(source);
  for (let head = heads.shift(); head; head = heads.shift()) {
    yield { row: head.row, entry: head.entry };
    await take(head);
  }
}

/** Keeps the heads in order: by time, then stream. */
function insert<T extends { row: StreamRow; entry: StoredEntry }>(heads: T[], head: T): void {
  const later = (other: T): boolean => other.entry.timestamp > head.entry.timestamp
    || (other.entry.timestamp === head.entry.timestamp && byBytes(other.row.name, head.row.name) > 0);
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (later(heads[middle] as T)) high = middle;
    else low = middle + 1;
  }
  heads.splice(low, 0, head);
}

function markOf(key: PageKey | undefined): Mark | undefined {
  if (key === undefined) return undefined;
  const [timestamp, stream, position] = key;
  if (typeof timestamp !== 'number' || typeof stream !== 'string' || typeof position !== 'number') throw invalidToken();
  return { timestamp, stream, position };
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
