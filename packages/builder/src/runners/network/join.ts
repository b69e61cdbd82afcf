import type { Socket } from 'node:net';

/** Both ends of one connection: each is over when the other is. */
export function join(one: Socket, other: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
