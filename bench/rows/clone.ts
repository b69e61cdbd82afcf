import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Group } from '../group.ts';
import { notMeasured, row, type RowTerms } from '../measure.ts';

const exec = promisify(execFile);

const DEADLINE_MS = 300_000;
const terms: RowTerms = { id: 'demo.clone-to-green', unit: 's', better: 'lower', aim: 60, aimOf: 'value' };

/** (g) A stranger's first minute: clone the checkout's HEAD, run the demo, wait for the first pipeline to be through. */
export const clone: Group = {
  letter: 'g',
  title: 'fresh clone to the first green pipeline',
  async run(bench) {
    const folder = join(bench.scratch, 'fresh-clone');
    const started = performance.now();
    await exec('git', ['clone', '--quiet', bench.root, folder]);
    const child = spawn('npm', ['run', 'demo', '--', '--once'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const stuck = setTimeout(() => child.kill('SIGTERM'), DEADLINE_MS);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    let green: number | undefined;
    let last = '';
    child.stderr.on('data', (text: Buffer) => (last = text.toString().trim() || last));
    for await (const line of createInterface({ input: child.stdout })) {
      if (green === undefined && line.includes('From push to live in')) green = (performance.now() - started) / 1000;
    }
    const code = await ended;
    clearTimeout(stuck);
    if (green === undefined || code !== 0) return [notMeasured(terms, `the demo ended with ${code}: ${last.slice(-300)}`)];
    return [row(terms, { value: green, n: 1, note: "git clone → the demo's first execution Succeeded, with this machine's npm cache" })];
  },
};
