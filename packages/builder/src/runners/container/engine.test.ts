import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Engine, EngineError } from './engine.ts';
import { ImageUnavailable, provideImage } from './image.ts';

let root: string;
let socket: string;
let server: Server;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-engine-'));
  socket = join(root, 'engine.sock');
  // One that ends in the middle of each answer, except that it has no image.
  server = createServer(({ url }, response) => {
    if (url?.startsWith('/images/') === true && url.endsWith('/json')) response.writeHead(404).end('{"message":"no such image"}');
    else response.writeHead(200, { 'content-type': 'application/json' }).write('{"status":"begun"}\n{"sta', () => response.destroy());
  }).listen(socket);
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  await rm(root, { recursive: true, force: true });
});

test('an engine that ends in the middle of an answer does not answer', async () => {
  const engine = new Engine(socket);
  for (const ask of [() => engine.info(), () => engine.inspect('1'), () => engine.usage('1'), () => engine.remove('1'), () => engine.logs('1'), () => engine.wait('1')]) {
    const error: unknown = await ask().then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ status: undefined, message: expect.stringContaining(`The container engine at ${socket} does not answer: `) });
  }
});

test('an image is not there when the engine ends while it pulls', async () => {
  const pulled: unknown = await provideImage({ socket, image: 'docker.io/library/none', pull: 'always' }).then(() => undefined, (reason: unknown) => reason);
  expect(pulled).toBeInstanceOf(ImageUnavailable);
  expect(pulled).toMatchObject({ message: expect.stringContaining(`The container engine at ${socket} does not answer: `) });
});
