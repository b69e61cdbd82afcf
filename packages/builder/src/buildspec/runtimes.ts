import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Place } from './document.ts';

/** AWS's name of a runtime → the version that the build environment has. */
export type Runtimes = Readonly<Record<string, string>>;

/**
 * AWS's images switch between installed runtimes; Slipway runs what the environment has. So a wish is accepted when it
 * is already true (`nodejs: 20` where node 20.x runs, `latest`), and refused with the reason otherwise.
 */
export function checkRuntime(name: string, value: Place, at: Place, runtimes: Runtimes): void {
  const present = Object.hasOwn(runtimes, name) ? runtimes[name] : undefined;
  const accepted = Object.entries(runtimes).map(([runtime, version]) => `${runtime}: ${version.split('.')[0]}`);
  if (present === undefined) throw at.fail(`The build environment lists no runtime "${name}"; installing runtimes is not supported by Slipway yet`, accepted);
  const wanted = value.empty ? 'latest' : value.text(`the version of ${name}`).replace(/(\.x)+$/, '');
  if (wanted === 'latest' || present === wanted || present.startsWith(`${wanted}.`)) return;
  throw value.fail(`The build environment has ${name} ${present}, not ${wanted}; installing runtimes is not supported by Slipway yet`, accepted);
}

/** What builds on this machine find on the PATH. Only Node is looked for. */
export async function hostRuntimes(path = process.env['PATH'] ?? ''): Promise<Runtimes> {
  try {
    const { stdout } = await promisify(execFile)('node', ['--version'], { env: { PATH: path }, timeout: 10_000 });
    const version = /^v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    return version === undefined ? {} : { nodejs: version };
  } catch {
    // No node on the PATH means that none is listed.
    return {};
  }
}
