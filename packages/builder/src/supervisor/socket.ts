import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '../is-code.ts';
import { shortSocketPath } from './folder.ts';

// A follower's end of the supervisor's socket; the supervisor's own is in `followers.ts`.

/** How long to wait for a wake-up before looking anyway: a lost wake-up costs at most this. */
const LOOK_AGAIN_MS = 2_000;

/**
 * Asks a build to stop: TERM to all its processes, KILL soon after. The outcome arrives as the `exit` frame.
 * False when there is no supervisor to ask.
 */
export async function requestStop(buildFolder: string): Promise<boolean> {
  const socket = await dial(buildFolder);
  if (socket === undefined) return false;
  try {
    return await new Promise<boolean>((resolve) => {
      socket.on('data', (chunk) => {
        if (chunk.includes('ok')) resolve(true);
      });
      // Gone while asking: it had ended by itself.
      socket.on('close', () => resolve(false));
      socket.write(`${JSON.stringify({ type: 'stop' })}\n`);
    });
  } finally {
    socket.destroy();
  }
}

/** Rings when the spool may have grown or the supervisor gone. Rings that nobody waited for are remembered. */
export class Bell {
  readonly #folder: string;
  readonly #signal: AbortSignal;
  #socket: Socket | undefined;
  #rung = false;
  #wake: (() => void) | undefined;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    signal.addEventListener('abort', this.#ring, { once: true });
  }

  readonly #ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  async connect(): Promise<void> {
    if (this.#socket !== undefined) return;
    this.#socket = await dial(this.#folder);
    this.#socket?.on('data', this.#ring);
    this.#socket?.on('close', () => {
      this.#socket = undefined;
      this.#ring();
    });
  }

  async rings(): Promise<void> {
    const patience = new AbortController();
    // Between its claim and its socket, or on its way out, a supervisor lives without a bell: look again soon.
    const wait = this.#socket === undefined ? 20 : LOOK_AGAIN_MS;
    try {
      if (this.#rung) {
        if (this.#socket === undefined && !this.#signal.aborted) await delay(wait);
        return;
      }
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([rung, delay(wait, undefined, { signal: patience.signal }).catch(() => undefined)]);
    } finally {
      patience.abort();
      this.#wake = undefined;
      this.#rung = false;
    }
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#ring);
    this.#socket?.destroy();
  }
}

async function dial(folder: string): Promise<Socket | undefined> {
  let short;
  try {
    short = shortSocketPath(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const socket = connect({ path: short.path });
  try {
    await once(socket, 'connect');
    socket.on('error', () => socket.destroy());
    return socket;
  } catch (error) {
    // No supervisor, not yet or not any more; its claim tells which.
    if (isCode(error, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET')) return undefined;
    throw error;
  } finally {
    short.release();
  }
}
