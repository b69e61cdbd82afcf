import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type CrashKind = 'commit' | 'rename' | 'fsync' | 'spawn';
export type CrashSide = 'before' | 'after';

export interface CrashPlan<World> {
  /** A fresh world for one story: an empty folder, a new database. */
  prepare(): Promise<World>;
  /** The program, as arguments to `node`: its file first. Started again after each crash, with the same arguments. */
  command(world: World): { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> };
  /**
   * What happens from outside while the program runs, for programs that do not end by themselves (a server): once it
   * resolves, the program is asked to end with SIGTERM. It may be cut off by the crash and runs anew after the restart;
   * what it rejects with then is not looked at, the restarted one's is.
   */
  drive?(world: World, program: ChildProcess): Promise<void>;
  /** Throws when the world is not as an undisturbed run leaves it. */
  check(world: World): Promise<void>;
  remove?(world: World): Promise<void>;
  readonly kinds?: readonly CrashKind[];
  readonly sides?: readonly CrashSide[];
  /** Kill the program's whole process group with it. */
  readonly group?: boolean;
  /** So many points, drawn by the seed, instead of every one. */
  readonly sample?: { readonly seed: number; readonly count: number };
  /** Stories at one time. Default 1. */
  readonly parallel?: number;
  /** Real ms for one life of the program. Default 60 000. */
  readonly timeout?: number;
}

export interface CrashResult {
  /** What an undisturbed run's points were, in order. */
  readonly points: readonly string[];
  /** Stories in which the program died as planned. */
  readonly crashed: number;
  /** Stories in which it ended before the point came, since runs differ a little. */
  readonly missed: number;
}

/** Enough to see what they have in common. */
const MOST_FAILURES = 5;

const preload = new URL('preload.mjs', import.meta.url).href;

/**
 * Runs the program undisturbed to count its crash points, then once per point and side: dies there, is started again,
 * runs to its end, is checked. Throws when stories end badly, naming their points; a few of them end the whole.
 */
export async function crashEveryPoint<World>(plan: CrashPlan<World>): Promise<CrashResult> {
  const points = await undisturbed(plan);
  const stories = choose(points.length, plan.sample).flatMap((at) => (plan.sides ?? ['before', 'after']).map((side) => ({ at, side })));
  let crashed = 0;
  let missed = 0;
  const failures: Error[] = [];
  const tell = async (): Promise<void> => {
    for (let story = stories.shift(); story; story = stories.shift()) {
      try {
        if (await crashOnce(plan, story.at, story.side)) crashed += 1;
        else missed += 1;
      } catch (cause) {
        failures.push(new Error(`Killed ${story.side} point ${story.at} of ${points.length} (${points[story.at - 1]}): ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
        if (failures.length >= MOST_FAILURES) stories.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: plan.parallel ?? 1 }, tell));
  if (failures.length > 1) throw new AggregateError(failures, failures.map(({ message }) => message).join('\n'));
  if (failures[0]) throw failures[0];
  return { points, crashed, missed };
}

async function undisturbed<World>(plan: CrashPlan<World>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-crash-'));
  const world = await plan.prepare();
  try {
    const report = join(folder, 'report.json');
    await runToEnd(plan, world, { CRASH_REPORT: report });
    await plan.check(world);
    return (JSON.parse(readFileSync(report, 'utf8')) as { points: string[] }).points;
  } finally {
    await plan.remove?.(world);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function crashOnce<World>(plan: CrashPlan<World>, at: number, side: CrashSide): Promise<boolean> {
  const world = await plan.prepare();
  try {
    const end = await life(plan, world, { CRASH_AT: String(at), CRASH_WHEN: side, ...(plan.group ? { CRASH_GROUP: '1' } : {}) });
    if (end.signal !== 'SIGKILL') succeeded(end);
    await runToEnd(plan, world, {});
    await plan.check(world);
    return end.signal === 'SIGKILL';
  } finally {
    await plan.remove?.(world);
  }
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  /** What `drive` threw. */
  readonly driveError?: unknown;
}

async function runToEnd<World>(plan: CrashPlan<World>, world: World, env: Record<string, string>): Promise<void> {
  succeeded(await life(plan, world, env));
}

function succeeded(end: End): void {
  if (end.driveError !== undefined) throw end.driveError;
  if (end.code !== 0) throw new Error(`The program ended with ${end.signal ?? end.code}:\n${end.output}`);
}

/** One life of the program, in a process group of its own, from start to end. */
async function life<World>(plan: CrashPlan<World>, world: World, crash: Record<string, string>): Promise<End> {
  const { args, env } = plan.command(world);
  const kinds: Record<string, string> = plan.kinds ? { CRASH_KINDS: plan.kinds.join(',') } : {};
  const child = spawn(process.execPath, ['--import', preload, ...args], { env: { ...process.env, ...env, ...kinds, ...crash }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child);
  }, plan.timeout ?? 60_000);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    // `exit`, not `close`: children that outlive a crash keep the pipes open.
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  let driveError: unknown;
  const driven = plan.drive?.(world, child).then(
    () => void child.kill('SIGTERM'),
    (error: unknown) => {
      driveError = error;
      child.kill('SIGTERM');
    },
  );
  const { code, signal } = await ended;
  clearTimeout(timer);
  child.stdout.destroy();
  child.stderr.destroy();
  // A drive that talks to a dead program fails by itself, and that failure says nothing.
  if (signal !== 'SIGKILL') await driven;
  if (late) throw new Error(`The program did not end within ${plan.timeout ?? 60_000} ms:\n${output}`);
  return { code, signal, output, driveError };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Points 1 to total, or a sample of them that the same seed draws again. */
function choose(total: number, sample: CrashPlan<unknown>['sample']): number[] {
  const all = Array.from({ length: total }, (_, n) => n + 1);
  if (!sample || sample.count >= total) return all;
  let state = sample.seed >>> 0;
  const random = (): number => {
    // mulberry32: small, and the same everywhere.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const chosen: number[] = [];
  while (chosen.length < sample.count) chosen.push(...all.splice(Math.floor(random() * all.length), 1));
  return chosen.toSorted((a, b) => a - b);
}
