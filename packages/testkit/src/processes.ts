import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** The bundled `slipway`, as `npm test` and `npm run build` make it. */
export const slipwayProgram = fileURLToPath(new URL('../../slipway/dist/slipway.js', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code. */
export async function runToEnd(file: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {}): Promise<Ended> {
  try {
    const { stdout, stderr } = await exec(file, args, { maxBuffer: 64 * 1024 * 1024, ...options });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number | string | null; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}

/** A server as a process of its own. */
export interface ServerProcess {
  readonly endpoint: string;
  /** What it printed until it listened. */
  readonly printed: readonly string[];
  readonly child: ChildProcess;
  /** Sends SIGTERM; answers the exit code, null after a signal. */
  stop(): Promise<number | null>;
}

/** @throws Error with what the program said when it ends before it listens. */
export async function serve(file: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<ServerProcess> {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    const endpoint = /^Slipway listening on (\S+)$/.exec(line)?.[1];
    if (!endpoint) continue;
    const stop = (): Promise<number | null> => {
      child.kill('SIGTERM');
      return exited;
    };
    return { endpoint, printed, child, stop };
  }
  throw new Error(`ended with ${await exited}: ${stderr}`);
}

/** This environment without what would reach a Slipway or an AWS client from outside. */
export function cleanEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SLIPWAY_|AWS_|GIT_CONFIG_|npm_)/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}
