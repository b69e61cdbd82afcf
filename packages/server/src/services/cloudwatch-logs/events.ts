import type { CloudWatchLogsApi } from '@slipway/contracts';
import type { InputLogEvent, RejectedLogEventsInfo } from '@slipway/contracts/cloudwatch-logs';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import { replay } from '../../kernel/replay.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import type { LogStore, Position, StoredEntry } from '../../logs/index.ts';
import { noGroup } from './groups.ts';
import { EVENT_OVERHEAD_BYTES, MAX_BATCH_BYTES, MAX_BATCH_SPAN, MAX_PAGE_BYTES, MAX_PAGE_EVENTS, TOO_NEW, TOO_OLD } from './limits.ts';
import { groupOf } from './arns.ts';
import { fail, invalidToken, notSupported } from './fail.ts';
import type { LogsTables, StreamRow } from './store.ts';
import { noStream } from './streams.ts';

const DAY = 24 * 3600_000;

/** Writing and reading the events of one stream. */
export function events(deps: { db: Database; clock: Clock; logs: LogStore; rows: LogsTables }) {
  const { db, clock, logs, rows } = deps;

  async function streamOf(at: Place, group: string, name: string): Promise<StreamRow> {
    const row = await rows.stream(at, group, name);
    if (row !== undefined) return row;
    throw await rows.group(at, group) === undefined ? noGroup() : noStream();
  }

  /**
   * Where the stream ended when the call was first made. It is committed ahead of the append, whose bytes lie in no
   * database: a repetition after a crash looks from there on for what the first one has stored.
   */
  async function firstTried({ storage_id: id }: StreamRow, call: Call): Promise<number> {
    const { nextPosition } = await logs.summary(id);
    const first = await db.transaction((tx) => replay(tx, call, 'logs:PutLogEvents', {}, async () => ({ stream: id, position: nextPosition }), { now: clock.now() }));
    // A stream made anew under the same name begins at 0.
    return first.stream === id ? first.position : 0;
  }

  return {
    async PutLogEvents(input, call) {
      refuseMembers(input, ['entity'], notSupported);
      checkBatch(input.logEvents);
      const stream = await streamOf(call, input.logGroupName, input.logStreamName);
      const retention = (await rows.group(call, input.logGroupName))?.retention_days ?? undefined;
      const { accepted, rejected } = sift(input.logEvents, clock.now(), retention);
      if (call.once === undefined) await logs.appendUnnumbered(stream.storage_id, accepted);
      else await logs.appendOnce(stream.storage_id, call.once, accepted, await firstTried(stream, call));
      // The token means nothing any more; AWS still hands one out, and old agents send it back.
      return { nextSequenceToken: String(clock.now()).padStart(56, '4'), ...(rejected ? { rejectedLogEventsInfo: rejected } : {}) };
    },

    async GetLogEvents(input, call) {
      const stream = await streamOf(call, groupOf(call, input), input.logStreamName);
      const token = input.nextToken === undefined ? undefined : readToken(input.nextToken);
      const direction = token?.direction ?? (input.startFromHead ? 'forward' : 'backward');
      const page = await logs.read(stream.storage_id, {
        direction, ...(token ? { from: before(token) } : {}), start: input.startTime, end: input.endTime,
        limit: input.limit ?? MAX_PAGE_EVENTS, maxBytes: MAX_PAGE_BYTES,
      });
      const found = direction === 'forward' ? page : page.toReversed();
      const [first, last] = [found[0], found.at(-1)];
      const here = token ?? { timestamp: 0, position: 0 };
      return {
        events: found.map(({ timestamp, message, ingested }) => ({ timestamp, message, ingestionTime: ingested })),
        nextForwardToken: `f/${digits(last ? { timestamp: last.timestamp, position: last.position + 1 } : here)}/s`,
        nextBackwardToken: `b/${digits(first ?? here)}/s`,
      };
    },
  } satisfies Partial<Operations<CloudWatchLogsApi>>;
}

function checkBatch(batch: readonly InputLogEvent[]): void {
  const bytes = batch.reduce((sum, event) => sum + Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES, 0);
  if (bytes > MAX_BATCH_BYTES) throw fail('InvalidParameterException', `Upload too large: ${bytes} bytes exceeds limit of ${MAX_BATCH_BYTES}`);
  if (batch.some((event, index) => event.timestamp < (batch[index - 1]?.timestamp ?? 0))) {
    throw fail('InvalidParameterException', 'Log events in a single PutLogEvents request must be in chronological order.');
  }
  if ((batch.at(-1)?.timestamp ?? 0) - (batch[0]?.timestamp ?? 0) > MAX_BATCH_SPAN) {
    throw fail('InvalidParameterException', 'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}

/** The batch without what is too new, too old or beyond the group's retention, and AWS's indices into the batch of those. */
export function sift(batch: readonly InputLogEvent[], now: number, retentionDays: number | undefined): { accepted: readonly InputLogEvent[]; rejected?: RejectedLogEventsInfo } {
  const tooOld = firstIndex(batch, now - TOO_OLD);
  const expired = retentionDays === undefined ? 0 : firstIndex(batch, now - retentionDays * DAY);
  const tooNew = firstIndex(batch, now + TOO_NEW + 1);
  const rejected: RejectedLogEventsInfo = {
    ...(tooNew < batch.length ? { tooNewLogEventStartIndex: tooNew } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
  };
  const accepted = batch.slice(Math.max(tooOld, expired), tooNew);
  return accepted.length === batch.length ? { accepted } : { accepted, rejected };
}

/** The index of the first event at or after a time; the batch's length when there is none. */
function firstIndex(batch: readonly InputLogEvent[], time: number): number {
  const index = batch.findIndex((event) => event.timestamp >= time);
  return index < 0 ? batch.length : index;
}

/** A token names the gap in front of a place: forwards what follows it, backwards what precedes it. So pages of both directions meet. */
const TOKEN = /^([fb])\/(\d{20})(\d{36})\/s$/;

function readToken(token: string): Position & { direction: 'forward' | 'backward' } {
  const [, direction, timestamp, position] = TOKEN.exec(token) ?? [];
  if (timestamp === undefined || position === undefined) throw invalidToken();
  return { direction: direction === 'f' ? 'forward' : 'backward', timestamp: Number(timestamp), position: Number(position) };
}

function before({ timestamp, position }: Position): Position {
  return { timestamp, position: position - 0.5 };
}

function digits({ timestamp, position }: Position): string {
  return String(timestamp).padStart(20, '0') + String(position).padStart(36, '0');
}

/** Stable over time and requests: CLI's `logs tail --follow` tells repeats by it. */
export function eventId(stream: StreamRow, entry: StoredEntry): string {
  const streamPart = BigInt(`0x${stream.storage_id}`) % 10n ** 28n;
  return String(entry.timestamp).padStart(13, '0') + String(streamPart).padStart(28, '0') + String(entry.position).padStart(15, '0');
}
