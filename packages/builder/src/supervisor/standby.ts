import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Preparation } from './preparation.ts';

/** A supervisor that has started and waits to be told its build's folder. */
export type IdleSupervisor = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Keeps one supervisor started ahead of the next build: starting a process of Node's takes longer than an empty build.
 *
 * Life: `ready` starts one where none waits → `take` hands it out and starts the next → `stop` lets the waiting one end,
 * as does the end of this process, however it ends: a supervisor that hears nothing exits.
 */
export interface Standby {
  ready(): void;
  take(): IdleSupervisor | undefined;
  stop(): void;
}

/** `preparation`: what the next build will probably want. */
export function createStandby(supervisorPath: string, preparation: () => Preparation): Standby {
  let waiting: IdleSupervisor | undefined;
  let stopped = false;

  const standby: Standby = {
    ready() {
      if (stopped || waiting) return;
      const started = startSupervisor(supervisorPath, preparation());
      waiting = started;
      const forget = (): void => {
        if (waiting === started) waiting = undefined;
      };
      started.once('exit', forget).once('error', forget);
      hold(started, false);
    },
    take() {
      const taken = waiting;
      waiting = undefined;
      if (taken) hold(taken, true);
      // After the build that asked has been told: its own start comes first.
      setImmediate(() => standby.ready());
      return taken;
    },
    stop() {
      stopped = true;
      waiting?.stdin.end();
      waiting = undefined;
    },
  };
  return standby;
}

export function startSupervisor(supervisorPath: string, preparation: Preparation): IdleSupervisor {
  const child = spawn(process.execPath, [supervisorPath], { cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'ignore'], env: inherited() });
  // A supervisor that is gone shows by its exit.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(preparation)}\n`);
  return child;
}

/** Whether the child keeps this process from ending. */
function hold(child: IdleSupervisor, held: boolean): void {
  for (const handle of [child, child.stdin as Socket, child.stdout as Socket]) {
    if (held) handle.ref();
    else handle.unref();
  }
}

/** Nothing of the server's environment but where programs are found: it may hold the server's own secrets. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
