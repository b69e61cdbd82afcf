/**
 * The relay's program, run as `node -e`: it has to run outside the bundle that starts it, in another process and, for one of
 * the two, in another file system, so it is a text. Arguments: where to listen, where to connect, each a socket's path or `host:port`.
 *
 * A pair of relays carries the server's loopback endpoint into a network of its own: TCP inside → a Unix socket, which both
 * file systems share → TCP outside.
 */
export const RELAY_PROGRAM = `
const net = require('node:net');
const fs = require('node:fs');
const [listen, connect] = process.argv.slice(1).map((text) => {
  if (text.startsWith('/') || text.startsWith('.')) return { path: text };
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
});
if (listen.path) fs.rmSync(listen.path, { force: true });
net.createServer({ allowHalfOpen: true }, (near) => {
  const far = net.connect({ ...connect, allowHalfOpen: true });
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
  near.pipe(far);
  far.pipe(near);
}).listen({ ...listen, readableAll: true, writableAll: true });
`;
