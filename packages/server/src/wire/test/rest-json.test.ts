import { Readable } from 'node:stream';
import type { Contract } from '@slipway/contracts';
import { expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { createWire } from '../index.ts';
import type { WireRequest } from '../index.ts';

/** A service with each kind of binding, as no contract here speaks restJson1 yet. */
const contract: Contract = {
  service: 'shelf', serviceId: 'Shelf', apiVersion: '2026-01-01', signingName: 'shelf', protocols: ['restJson1'],
  operations: {
    PutBook: { input: 'PutBookInput', output: 'Book', errors: ['Full'], http: { method: 'PUT', uri: '/v1/shelves/{shelf}/books/{path+}', status: 201 } },
    ListBooks: { input: 'ListBooksInput', output: 'ListBooksOutput', errors: [], http: { method: 'GET', uri: '/v1/shelves/{shelf}/books', status: 200 } },
  },
  shapes: {
    String: { type: 'string' }, Number: { type: 'double' }, Timestamp: { type: 'timestamp' }, Strings: { type: 'list', member: { shape: 'String' } },
    PutBookInput: {
      type: 'structure', required: ['shelf', 'path'],
      members: { shelf: { shape: 'String', http: { in: 'label' } }, path: { shape: 'String', http: { in: 'greedyLabel' } }, owner: { shape: 'String', http: { in: 'header', name: 'x-owner' } }, pages: { shape: 'Number', jsonName: 'p' } },
    },
    Book: { type: 'structure', required: [], members: { path: { shape: 'String' }, bought: { shape: 'Timestamp' }, etag: { shape: 'String', http: { in: 'header', name: 'etag' } } } },
    ListBooksInput: { type: 'structure', required: ['shelf'], members: { shelf: { shape: 'String', http: { in: 'label' } }, tags: { shape: 'Strings', http: { in: 'query', name: 'tag' } } } },
    ListBooksOutput: { type: 'structure', required: [], members: { items: { shape: 'Strings' } } },
    Full: { type: 'structure', required: [], members: { limit: { shape: 'Number' } } },
  },
  errors: { Full: { status: 409, fault: 'client', shape: 'Full' } },
};

const wire = createWire({ contracts: [contract] });

async function input(method: string, url: string, body = '', headers: WireRequest['headers'] = {}) {
  const route = await wire.route({ method, url, headers, body: Readable.from([]) });
  return { route, input: await wire.decode(route, Buffer.from(body)) };
}

test('restJson1: path, query, headers and body each give their members', async () => {
  const put = await input('PUT', '/v1/shelves/a%20b/books/c/d%2Fe', '{"p": 3, "pages": 9}', { 'x-owner': 'me' });
  expect(put).toMatchObject({ route: { operation: 'PutBook' }, input: { shelf: 'a b', path: 'c/d/e', owner: 'me', pages: 3 } });
  const list = await input('GET', '/v1/shelves/s/books?tag=x&tag=y');
  expect(list).toMatchObject({ route: { operation: 'ListBooks' }, input: { shelf: 's', tags: ['x', 'y'] } });
});

test('restJson1: an output is split between headers and body, an error has its members', async () => {
  const { route } = await input('PUT', '/v1/shelves/s/books/b');
  const answer = wire.encode(route, { path: 'b', bought: 1500, etag: '"e"' }, 'id');
  expect(answer).toMatchObject({ status: 201, headers: { etag: '"e"', 'content-type': 'application/json', 'x-amzn-requestid': 'id' } });
  expect(JSON.parse(String(answer.body))).toEqual({ path: 'b', bought: 1.5 });

  const refused = wire.encodeError(route, new ServiceError('Full', 'no room', { detail: { limit: 5 } }), 'id');
  expect(refused).toMatchObject({ status: 409, headers: { 'x-amzn-errortype': 'Full' } });
  expect(JSON.parse(String(refused.body))).toEqual({ message: 'no room', limit: 5 });
});
