import type { Authorizer } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import type { LogEntry, LogSink, LogSinkRequest, LogStore } from '../../logs/index.ts';
import { newGroup, noGroup } from './groups.ts';
import { streamArn } from './arns.ts';
import type { LogsTables } from './store.ts';
import { newStream, noStream } from './streams.ts';

/** How other rooms write logs: authorised once, then straight to the store. */
export function createLogSink(deps: { db: Database; clock: Clock; logs: LogStore; rows: LogsTables; authorizer: Authorizer }): LogSink {
  const { db, clock, logs, rows, authorizer } = deps;

  async function make(request: LogSinkRequest): Promise<void> {
    const { group, stream } = request;
    await db.transaction(async (tx) => {
      if (await rows.lockGroup(tx, request, group) === undefined) await rows.insertGroup(tx, newGroup(request, group, clock.now()));
      await rows.insertStream(tx, newStream(request, group, stream, clock.now()));
    });
  }

  /** The stream's storage, made (again) where it is absent and may be made: a user may delete a log that is being written. */
  async function storage(request: LogSinkRequest): Promise<string> {
    let row = await rows.stream(request, request.group, request.stream);
    if (row === undefined && request.create) {
      await make(request);
      row = await rows.stream(request, request.group, request.stream);
    }
    if (row !== undefined) return row.storage_id;
    throw await rows.group(request, request.group) === undefined ? noGroup() : noStream();
  }

  return {
    async open(request) {
      const ask = (action: string, stream: string) => ({ action: `logs:${action}`, resource: streamArn(request, request.group, stream) });
      const making = request.create ? [ask('CreateLogGroup', ''), ask('CreateLogStream', '')] : [];
      await authorizer.authorize(request.caller, [...making, ask('PutLogEvents', request.stream)], { region: request.region, secure: true });
      await storage(request);
      return {
        arn: streamArn(request, request.group, request.stream),
        async append(entries) {
          const id = await storage(request);
          await logs.append(id, monotonic(entries, (await logs.summary(id)).lastTimestamp));
        },
        next: async () => (await logs.summary(await storage(request))).nextSeq,
      };
    },
  };
}

/** A clock that steps back must not hide lines from those who follow the log by time. */
function monotonic(entries: readonly LogEntry[], latest = 0): LogEntry[] {
  let least = latest;
  return entries.map((entry) => {
    least = Math.max(least, entry.timestamp);
    return entry.timestamp === least ? entry : { ...entry, timestamp: least };
  });
}
