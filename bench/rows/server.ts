import { readFile } from 'node:fs/promises';
import type { Group } from '../group.ts';
import { notMeasured, percentile, row, type RowTerms } from '../measure.ts';
import { pause, startSlipway } from '../server.ts';

const STARTS = 30;
const IDLE_MS = 5_000;

const rss: RowTerms = { id: 'server.idle-rss', unit: 'MiB', better: 'lower', aim: 150, aimOf: 'value' };
const coldStart: RowTerms = { id: 'server.cold-start', unit: 's', better: 'lower', aim: 1, aimOf: 'value' };

/** (f) What a server costs that does nothing, and how long it takes to serve, on a new data folder. */
export const server: Group = {
  letter: 'f',
  title: 'idle memory and cold start',
  async run(bench) {
    const starts: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      const target = await startSlipway(bench);
      starts.push(target.startedIn / 1000);
      await target.stop();
    }
    const startRow = row(coldStart, { value: percentile(starts, 95), n: STARTS, note: 'p95, process spawned → listening, new data folder' });

    if (process.platform !== 'linux') return [notMeasured(rss, 'needs /proc'), startRow];
    const target = await startSlipway(bench);
    await pause(IDLE_MS);
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${target.pid}/status`, 'utf8'))?.[1]);
    await target.stop();
    return [row(rss, { value: kib / 1024, n: 1, note: `${IDLE_MS / 1000} s after the start` }), startRow];
  },
};
