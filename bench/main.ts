import { closeSync, fsyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Group } from './group.ts';
import type { Row } from './measure.ts';
import { artifacts } from './rows/artifacts.ts';
import { buildLog } from './rows/build-log.ts';
import { buildRate } from './rows/build-rate.ts';
import { builds } from './rows/builds.ts';
import { caches } from './rows/caches.ts';
import { clone } from './rows/clone.ts';
import { events } from './rows/events.ts';
import { code } from './rows/code.ts';
import { git } from './rows/git.ts';
import { logFollowing } from './rows/log-following.ts';
import { messages } from './rows/messages.ts';
import { metrics } from './rows/metrics.ts';
import { pipelines } from './rows/pipelines.ts';
import { requests } from './rows/requests.ts';
import { server } from './rows/server.ts';

const groups: Group[] = [pipelines, builds, buildRate, buildLog, logFollowing, artifacts, caches, requests, git, server, clone, messages, events, code, metrics];

/** Runs the chosen groups (all, when none is chosen), prints a table and writes `bench/out/results.json`. */
export async function main(options: { root: string; loadProgram: string; chosen: readonly string[] }): Promise<void> {
  const chosen = options.chosen.length === 0 ? groups : groups.filter(({ letter }) => options.chosen.some((wanted) => letter.includes(wanted)));
  if (chosen.length === 0) throw new Error(`no rows are called ${options.chosen.join(' ')}; there are ${groups.map(({ letter }) => letter).join(' ')}`);
  const scratch = await mkdtemp(join(tmpdir(), 'slipway-bench-run-'));
  const bench: Bench = { root: options.root, slipway: join(options.root, 'packages/slipway/dist/slipway.js'), loadProgram: options.loadProgram, scratch, say: (line) => console.log(`  ${line}`) };
  try {
    const [cpu] = cpus();
    console.log(`machine: ${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores; node ${process.versions.node}; ${Math.round(fsyncsPerSecond(scratch))} fsync/s (4 KiB appended)\n`);
    const rows: Row[] = [];
    for (const group of chosen) {
      console.log(`(${group.letter}) ${group.title}`);
      rows.push(...(await group.run(bench)));
    }
    const out = join(options.root, 'bench/out');
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'results.json'), `${JSON.stringify(rows, undefined, 2)}\n`);
    console.log(`\n${table(rows)}\n\nWritten to bench/out/results.json`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function fsyncsPerSecond(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w');
  const page = Buffer.alloc(4096, 1);
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < 1000; count++) {
    writeSync(file, page);
    fsyncSync(file);
  }
  closeSync(file);
  return count / ((performance.now() - started) / 1000);
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => [row.id, `${text(row.value)} ${row.unit}`, text(row.baseline), row.ratio === null ? '–' : `${text(row.ratio)} ×`, `${row.better === 'lower' ? '≤' : '≥'} ${row.aim}`, row.met === null ? '–' : row.met ? 'met' : 'MISSED', String(row.n), row.note]);
  const all = [['row', 'value', 'baseline', 'ratio', 'aim', '', 'n', 'note'], ...lines];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)));
  return all.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n');
}

function text(value: number | null): string {
  if (value === null) return '–';
  return value >= 1000 ? Math.round(value).toString() : String(value);
}
