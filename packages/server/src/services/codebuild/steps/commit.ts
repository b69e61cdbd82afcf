import { containerLine } from '@slipway/builder';
import type { Jobs, JobRun } from '../../../engine/jobs.ts';
import type { Outbox } from '../../../engine/outbox.ts';
import type { Watches } from '../../../engine/watch.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database, Transaction } from '../../../kernel/database.ts';
import type { LogEntry } from '../../../logs/ports.ts';
import { hasLog, s3LogPlace, type StoredBuild } from '../builds/build.ts';
import { phaseChange, stateChange } from '../builds/events.ts';
import { buildJob } from '../builds/job.ts';
import { metricsJob } from '../builds/metrics.ts';
import { retryJob, wantsRetry } from '../builds/retrying.ts';
import { lockBuild, updateBuild } from '../builds/store.ts';
import { wakeAdmitted } from '../queue/turns.ts';

export interface CommitDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly outbox: Outbox;
  readonly watches: Watches;
  /** How many builds of one account run at once in one region. */
  readonly concurrentBuilds: number;
  /** The server's base URL, to which links lead. */
  readonly endpoint: () => string;
}

export interface CommitOptions {
  /** Lines of CodeBuild's own that belong to the change. */
  readonly lines?: readonly string[];
  /** Decides inside the transaction; nothing is written when it says no. */
  readonly allowed?: (tx: Transaction) => Promise<boolean>;
}

/** Writes a step's outcome in one fenced transaction: the row, the events that follow from the difference, and who is to be woken. */
export type Commit = (run: JobRun, before: StoredBuild, after: StoredBuild, options?: CommitOptions) => Promise<boolean>;

export function createCommit(deps: CommitDeps): Commit {
  const { db, clock, jobs, outbox, watches, concurrentBuilds, endpoint } = deps;

  async function emitDifference(tx: Transaction, before: StoredBuild, after: StoredBuild): Promise<void> {
    for (const [index, phase] of after.phases.entries()) {
      if (phase.endTime !== undefined && before.phases[index]?.endTime === undefined) await outbox.emit(tx, phaseChange(after, phase, endpoint()));
    }
    if (after.status === before.status) return;
    const at = after.ended_at ?? clock.now();
    await outbox.emit(tx, phaseChange(after, { phaseType: 'COMPLETED', startTime: at, endTime: at, durationInSeconds: 0, phaseStatus: 'SUCCEEDED' }, endpoint()));
    await outbox.emit(tx, stateChange(after, endpoint()));
  }

  async function wakeOthers(tx: Transaction, after: StoredBuild): Promise<void> {
    await watches.notify(tx, buildJob(after));
    await jobs.wake(tx, metricsJob(after));
    if (wantsRetry(after)) await jobs.wake(tx, retryJob(after));
    await wakeAdmitted(tx, { jobs, concurrentBuilds }, after);
  }

  return (run, before, after, { lines = [], allowed } = {}) => {
    // A build that has no log has nowhere to say it; its phases' contexts do.
    const entries = !hasLog(after) ? [] : numbered(lines, after.log_next, clock.now());
    return db.transaction(async (tx) => {
      await run.fence(tx);
      const row = await lockBuild(tx, before, before.id);
      if (row?.status !== 'IN_PROGRESS') return false;
      if (allowed && !(await allowed(tx))) return false;
      await updateBuild(tx, before, columns({ ...after, log_next: after.log_next + entries.length, log_pending: entries.length > 0 ? JSON.stringify(entries) : null }, keptLines(after, row.own_lines, entries)));
      await emitDifference(tx, before, after);
      if (after.status !== 'IN_PROGRESS') await wakeOthers(tx, after);
      return true;
    });
  };
}

function numbered(lines: readonly string[], first: number, now: number): LogEntry[] {
  return lines.map((line, index) => ({ seq: first + index, timestamp: now, message: containerLine(now, line) }));
}

/** All of CodeBuild's own lines so far, for a log in S3; nothing is kept for CloudWatch, which has them. */
function keptLines(build: StoredBuild, kept: string | null, entries: readonly LogEntry[]): string | null {
  return s3LogPlace(build) === undefined ? null : JSON.stringify([...(JSON.parse(kept ?? '[]') as LogEntry[]), ...entries]);
}

/** What a step may change. StopBuild's request is not among it: it may have come meanwhile. */
function columns(build: StoredBuild, own_lines: string | null) {
  const { status, phase, resolved_version, log_stream, spool_offset, node, log_next, log_pending, artifacts_from, outcome, credentials_token, ended_at, retry_limit, cache_key, usage, image_id } = build;
  return {
    status, phase, resolved_version, log_stream, spool_offset, node, log_next, log_pending, artifacts_from, outcome, credentials_token, ended_at, retry_limit, own_lines, cache_key, usage, image_id,
    phases: JSON.stringify(build.phases), exported: JSON.stringify(build.exported), artifacts: JSON.stringify(build.artifacts),
  };
}

/** As AWS writes the end of a phase of its own into the log. */
export function phaseLines(phase: string, status: string, { statusCode = '', message = '' }: { statusCode?: string; message?: string } = {}): string[] {
  return [`Phase complete: ${phase} State: ${status}`, `Phase context status code: ${statusCode} Message: ${message}`];
}
