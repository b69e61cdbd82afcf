// The load generator, a process of its own so that it takes no time from the server's thread.
import { Agent, request as httpRequest } from 'node:http';
import type { LoadOrder, LoadResult, SignedRequest } from './load-contract.ts';

process.once('message', (order: LoadOrder) => void run(order).then((result) => process.send!(result, () => process.exit(0))));

async function run(order: LoadOrder): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
  const target = new URL(order.endpoint);
  let failures = 0;
  let firstFailure: string | undefined;

  const send = (signed: SignedRequest): Promise<void> =>
    new Promise((resolve) => {
      const failed = (why: string): void => {
        failures++;
        firstFailure ??= why;
        resolve();
      };
      const request = httpRequest({ agent, host: target.hostname, port: target.port, method: 'POST', path: '/', headers: signed.headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => (response.statusCode === 200 ? resolve() : failed(`${response.statusCode}: ${text.slice(0, 200)}`)));
      });
      request.on('error', (error) => failed(error.message));
      request.end(signed.body);
    });

  let next = 0;
  const takeUntil = async (limit: number, deadline: number): Promise<number> => {
    let done = 0;
    const one = async (): Promise<void> => {
      while (next < limit && performance.now() < deadline) {
        await send(order.requests[next++ % order.requests.length]!);
        done++;
      }
    };
    await Promise.all(Array.from({ length: order.connections }, one));
    return done;
  };

  const limit = order.cycle ? Number.POSITIVE_INFINITY : order.requests.length;
  await takeUntil(Math.min(order.warmUp, limit), Number.POSITIVE_INFINITY);
  const started = performance.now();
  const done = await takeUntil(limit, started + order.seconds * 1000);
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { done, seconds, failures, firstFailure };
}
