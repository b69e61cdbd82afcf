import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Group } from '../group.ts';
import { row, type RowTerms } from '../measure.ts';

const MEGABYTES = 200;
const LINE = 'a line of a build that says much, and a word like hunter';
const lines = Math.round((MEGABYTES * 1e6) / (LINE.length + 1));

const memory: RowTerms = { id: 'build.log.memory', unit: 'MB', better: 'lower', aim: 1.5, aimOf: 'ratio' };
const rate: RowTerms = { id: 'build.log.lines', unit: 'lines/s', better: 'higher', aim: 100_000, aimOf: 'value' };

/** (n) A build that writes much, by `slipway run` with a secret to mask: memory against a build that writes nothing, and lines per second. */
export const buildLog: Group = {
  letter: 'n',
  title: `a build's log of ${MEGABYTES} MB`,
  async run(bench) {
    const quiet = await measure(bench, 'quiet', ':');
    const loud = await measure(bench, 'loud', `yes '${LINE}' | head -n ${lines}`);
    return [
      row(memory, { value: loud.peak, baseline: quiet.peak, n: 1, note: `peak memory of the process; baseline: an empty build` }),
      row(rate, { value: lines / (loud.seconds - quiet.seconds), n: lines, note: 'masked, stamped and printed' }),
    ];
  },
};

/** Peak memory in MB, and seconds. */
async function measure(bench: Bench, name: string, command: string): Promise<{ peak: number; seconds: number }> {
  const folder = join(bench.scratch, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'buildspec.yml'), `version: 0.2\nphases:\n  build:\n    commands:\n      - ${JSON.stringify(command)}\n`);
  const started = performance.now();
  // A secret of this length is looked for in some twenty forms.
  const env = { ...process.env, AWS_SECRET_ACCESS_KEY: 'hunter2hunter2/hunter2+hunter2hunter2hun' };
  const child = spawn(process.execPath, [bench.slipway, 'run', '--runner', 'plain', folder], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const look = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, 'utf8').then((status) => {
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000);
    }, () => undefined);
  }, 20);
  const code = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(look);
  if (code !== 0) throw new Error(`slipway run ended with ${String(code)}`);
  return { peak, seconds: (performance.now() - started) / 1000 };
}
