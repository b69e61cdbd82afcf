import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { shortSocketPath, socketFile } from './folder.ts';

/** What a follower may ask, one JSON object per line. */
export type Request = { readonly type: 'stop' };

/** The socket by which followers are woken when the spool has grown, and by which they ask the build to stop. */
export class Followers {
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #release: () => void = () => undefined;

  constructor(folder: string, onRequest: (request: Request) => void) {
    this.#folder = folder;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      // A follower that goes away is no concern of the build's.
      socket.on('error', () => socket.destroy());
      const lines = createInterface({ input: socket });
      // It repeats the socket's error, which would end this process: a follower that was killed leaves a reset behind.
      lines.on('error', () => socket.destroy());
      lines.on('line', (line) => {
        const request = readRequest(line);
        if (request === undefined) return;
        onRequest(request);
        socket.write('ok\n');
      });
    });
  }

  async listen(): Promise<void> {
    await rm(socketFile(this.#folder), { force: true });
    const { path, release } = shortSocketPath(this.#folder);
    this.#release = release;
    this.#server.listen({ path });
    await once(this.#server, 'listening');
  }

  /** A follower that has not read its last wake-up needs no other. */
  wake(): void {
    for (const socket of this.#sockets) if (socket.writableLength === 0) socket.write('.\n');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroySoon();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
    this.#release();
  }
}

/** Undefined for half a line, which a follower leaves that is killed while it writes. */
function readRequest(line: string): Request | undefined {
  try {
    return JSON.parse(line) as Request;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
