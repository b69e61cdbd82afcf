import type { JobRun, Jobs } from '../../../engine/jobs.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import type { Json } from '../../../patterns/pattern.ts';
import type { Acceptance, Arrival } from '../accept.ts';
import { REPLAY } from './replays.ts';
import { findArchiveById, findReplay, lockReplay, nextArchived, reading, updateReplay } from '../store/index.ts';
import type { ArchivedRow, ReplayRow, ReplayState } from '../store/index.ts';

const AT_ONCE = 50;

interface ReplayDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly acceptance: Acceptance;
}

/**
 * Registers the job that replays an archive's events in the order of their times, a page per run: the page's deliveries
 * and the place reached are written together, so that a replay goes on where a crash left it and repeats nothing.
 */
export function replayInJobs(deps: ReplayDeps): void {
  deps.jobs.handle(REPLAY, (run) => step(deps, run));
}

async function step({ db, clock, acceptance }: ReplayDeps, run: JobRun): Promise<void> {
  const replay = await findReplay(reading(db), run.key, run.key.id);
  if (replay === undefined || replay.ended !== null) return;
  const events = replay.state === 'CANCELLING' ? [] : await nextArchived(reading(db), replay, AT_ONCE);
  const gone = (await findArchiveById(reading(db), replay, replay.archive)) === undefined;
  const matched = gone ? [] : await acceptance.match(events.map((event) => arrivalOf(replay, event)));
  const more = await db.transaction(async (tx) => {
    await run.fence(tx);
    const now = await lockReplay(tx, replay, replay.name);
    // A cancellation that came meanwhile counts from here on.
    const state = nextState(now?.state ?? 'CANCELLED', { gone, ended: events.length < AT_ONCE });
    if (state === 'RUNNING' || state === 'COMPLETED') await acceptance.store(tx, matched);
    const last = state === 'CANCELLED' ? undefined : events.at(-1);
    await updateReplay(tx, replay, {
      state, ...(last !== undefined && { cursor_time: last.time, cursor_id: last.event_id }),
      ...(state !== 'RUNNING' && { ended: clock.now() }), ...(state === 'FAILED' && { reason: `Archive ${replay.archive_name} does not exist.` }),
    });
    return state === 'RUNNING';
  });
  if (more) run.again(clock.now());
}

function nextState(now: ReplayState, { gone, ended }: { gone: boolean; ended: boolean }): ReplayState {
  if (now === 'CANCELLING' || now === 'CANCELLED') return 'CANCELLED';
  if (gone) return 'FAILED';
  return ended ? 'COMPLETED' : 'RUNNING';
}

/** The event as it was, with the replay's name, by which rules and archives tell it from a new one. */
function arrivalOf(replay: ReplayRow, { event, event_id: id }: ArchivedRow): Arrival {
  const filter = replay.filter === null ? undefined : new Set((JSON.parse(replay.filter) as string[]).map((arn) => arn.slice(arn.lastIndexOf('/') + 1)));
  return {
    bus: { account: replay.account, region: replay.region, bus: replay.bus },
    event: { ...(JSON.parse(event) as Json), 'replay-name': replay.name },
    key: `${replay.name}@${replay.started}/${id}`,
    only: filter,
  };
}
