import type { Socket } from 'node:net';

/** What went over a build's connections, as the build sees it. Its loopback's own counters would add what it says to itself. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #received = 0;
  #sent = 0;

  /** Counts our end of a connection that the build has opened. */
  count(socket: Socket): void {
    this.#open.add(socket);
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#received += socket.bytesWritten;
      this.#sent += socket.bytesRead;
    });
  }

  get bytes(): { readonly networkReceivedBytes: number; readonly networkSentBytes: number } {
    let [networkReceivedBytes, networkSentBytes] = [this.#received, this.#sent];
    for (const socket of this.#open) {
      networkReceivedBytes += socket.bytesWritten;
      networkSentBytes += socket.bytesRead;
    }
    return { networkReceivedBytes, networkSentBytes };
  }
}
