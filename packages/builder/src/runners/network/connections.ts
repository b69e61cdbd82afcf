import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';

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

/** Serves HTTP on a socket that listens in a build's network. `sockets`: those that are open, for whoever closes it. */
export function serveHttp(server: Server, http: HttpServer, sockets: Set<Socket>): void {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  });
}
