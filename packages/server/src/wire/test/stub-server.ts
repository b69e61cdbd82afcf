import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { loadContract } from '@slipway/contracts';
import type { Apis } from '@slipway/contracts';
import type { AccessKey } from '../../kernel/access.ts';
import { createWire, validate, wireRequest } from '../index.ts';
import type { Route } from '../index.ts';

export const account = '111122223333';
export const permanent = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
export const temporary = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'temporary-secret', sessionToken: 'the/token+of=session' };
export const expired = { accessKeyId: 'ASIAEXPIREDEXAMPLE00', secretAccessKey: 'expired-secret', sessionToken: 'old' };

const caller = { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root', principalArn: `arn:aws:iam::${account}:root` } as const;
const keys: Record<string, AccessKey> = {
  [permanent.accessKeyId]: { secretAccessKey: permanent.secretAccessKey, caller },
  [temporary.accessKeyId]: { ...temporary, caller, expiration: Date.now() + 3_600_000 },
  [expired.accessKeyId]: { ...expired, caller, expiration: Date.now() - 1000 },
};

export interface Heard {
  readonly service: string;
  readonly operation: string | undefined;
  readonly input: Record<string, unknown>;
}

export interface StubServer {
  readonly port: number;
  readonly endpoint: string;
  readonly heard: Heard[];
  /** What was spoken by whom, `cloudwatch rpcV2Cbor`. */
  readonly spoken: Set<string>;
  /** What the next calls answer; an error is thrown. */
  answer: unknown;
  /** Added to the time by which signatures are checked. */
  skew: number;
  close(): Promise<void>;
}

/** A server that takes real clients' requests through every step of the wire and answers what the test says. */
export async function stubServer(services: readonly (keyof Apis)[]): Promise<StubServer> {
  const wire = createWire({ contracts: services.map(loadContract) });
  const state: Pick<StubServer, 'heard' | 'spoken' | 'answer' | 'skew'> = { heard: [], spoken: new Set(), answer: {}, skew: 0 };

  const server = createServer((message, response) => {
    void (async () => {
      let route: Route | undefined;
      let answer;
      try {
        route = await wire.route(wireRequest(message));
        const verified = await wire.verifySignature(route, { accessKeys: { find: async (id) => keys[id] }, now: Date.now() + state.skew });
        const input = (await wire.decode(route, verified.body)) as Record<string, unknown>;
        validate(route.contract, route.operation!, input);
        for (const [name, value] of Object.entries(input)) if (value instanceof Readable) input[name] = await buffer(value);
        state.spoken.add(`${route.contract.service} ${route.protocol}`);
        state.heard.push({ service: route.contract.service, operation: route.operation, input });
        if (state.answer instanceof Error) throw state.answer;
        answer = wire.encode(route, state.answer, 'the-request-id');
      } catch (error) {
        answer = wire.encodeError(route, error, 'the-request-id');
      }
      response.writeHead(answer.status, answer.headers);
      if (answer.body instanceof Readable) answer.body.pipe(response);
      else response.end(answer.body);
      message.resume();
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    }),
  });
}
