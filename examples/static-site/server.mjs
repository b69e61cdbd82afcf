// Serves this folder. Node's own modules only.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = { '.html': 'text/html; charset=utf-8', '.png': 'image/png', '.txt': 'text/plain; charset=utf-8' };
const shown = new Set(['/index.html', '/revision.txt', '/images/logo.png']);

createServer((request, response) => {
  const path = normalize(new URL(request.url, 'http://host').pathname);
  const wanted = path === '/' ? '/index.html' : path;
  const file = join(import.meta.dirname, wanted);
  if (!shown.has(wanted) || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end('Not found\n');
    return;
  }
  response.writeHead(200, { 'content-type': types[extname(file)], 'cache-control': 'no-store' });
  createReadStream(file).pipe(response);
}).listen(Number(process.env.PORT), process.env.ADDRESS);
