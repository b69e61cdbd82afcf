import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { createWriteStream } from 'node:fs';
import { bestRunner } from '@slipway/builder';

export interface DemoServer {
  readonly endpoint: string;
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly notices: readonly string[];
  stop(): Promise<void>;
}

/** The port that awslocal and its like use. */
const CUSTOMARY_PORT = 4566;

/** Starts a server of its own as anyone would: as a process, told by variables, heard by what it prints. */
export async function startServerProcess(options: { slipway: string; data: string; port: number | undefined; logFile: string }): Promise<DemoServer> {
  const rootKey = { accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`, secretAccessKey: randomBytes(30).toString('base64') };
  const port = options.port ?? ((await isFree(CUSTOMARY_PORT)) ? CUSTOMARY_PORT : 0);
  const child = spawn(process.execPath, [options.slipway, 'start'], {
    // Out of the terminal's process group: Ctrl-C reaches the demo, which ends things in their order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SLIPWAY_RUNNER: await runner(), SLIPWAY_DATA: options.data, SLIPWAY_PORT: String(port), SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey },
  });
  child.stderr.pipe(createWriteStream(options.logFile));
  const notices: string[] = [];
  const endpoint = await listening(child, notices, options.logFile);
  return { endpoint, rootKey, notices, stop: () => end(child) };
}

/** The demo's builds are our own, so they may run without isolation where there is no sandbox; the server's notice says so. */
async function runner(): Promise<string> {
  return process.env['SLIPWAY_RUNNER'] ?? (await bestRunner()).kind;
}

async function listening(child: ChildProcess, notices: string[], logFile: string): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const endpoint = /^Slipway listening on (\S+)$/.exec(line)?.[1];
    if (endpoint) return endpoint;
    notices.push(line);
  }
  throw new Error(`The server did not start; see ${logFile}`);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
