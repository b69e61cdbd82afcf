import { Readable } from 'node:stream';
import { membersOf, payloadMember, shapeOf, structureOf } from '../shapes.ts';
import type { Structure } from '../shapes.ts';
import type { Codec } from './codec.ts';
import { textResponse } from './codec.ts';
import { fromHttp, rawPayload, toHttp } from './http-bindings.ts';
import { restJsonDialect as dialect, parseJson } from './json-values.ts';
import { fromTree, toTree } from './tree-values.ts';

const MEDIA_TYPE = 'application/json';

export const restJson: Codec = {
  decode(route, body) {
    const { contract, operation } = route;
    const inputName = contract.operations[operation]!.input;
    const input = structureOf(contract, inputName);
    const decoded = fromHttp(route, input);
    const payload = payloadMember(input);
    if (payload) {
      const [name, use] = payload;
      const { type } = shapeOf(contract, use.shape);
      if (type === 'blob') decoded[name] = body;
      else if (type === 'string') decoded[name] = (body as Buffer).toString('utf8');
      else if ((body as Buffer).length > 0) decoded[name] = fromTree(contract, use.shape, parseJson(body as Buffer), dialect, name);
    } else if (inputName !== undefined) {
      const members = fromTree(contract, inputName, parseJson(body as Buffer), dialect) as Record<string, unknown>;
      for (const [name, value] of Object.entries(members)) if (!input.members[name]!.http) decoded[name] = value;
    }
    return decoded;
  },

  encode({ contract, operation }, output, requestId) {
    const shape = structureOf(contract, contract.operations[operation]!.output);
    const value = (output ?? {}) as Record<string, unknown>;
    const { status, headers } = toHttp(contract, shape, value, contract.operations[operation]!.http?.status ?? 200);
    headers['x-amzn-requestid'] = requestId;
    const payload = payloadMember(shape);
    if (!payload) return textResponse(status, MEDIA_TYPE, JSON.stringify(unboundJson(shape, (name) => value[name], (use, each) => toTree(contract, use, each, dialect))), headers);
    const [name, use] = payload;
    const { type } = shapeOf(contract, use.shape);
    if (type !== 'blob' && type !== 'string') {
      return textResponse(status, MEDIA_TYPE, JSON.stringify(toTree(contract, use, value[name] ?? {}, dialect)), headers);
    }
    const body = rawPayload(value[name]);
    return { status, headers: body instanceof Readable ? headers : { ...headers, 'content-length': String(body.length) }, body };
  },

  encodeError(contract, error, requestId) {
    const detail = contract && error.shape !== undefined ? (toTree(contract, { shape: error.shape }, error.detail, dialect) as object) : error.detail;
    return textResponse(error.status, MEDIA_TYPE, JSON.stringify({ ...detail, message: error.message }), {
      'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code,
    });
  },
};

function unboundJson(shape: Structure, valueOf: (name: string) => unknown, encode: (use: Structure['members'][string], value: unknown) => unknown): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, use] of membersOf(shape)) {
    const value = valueOf(name);
    if (value !== undefined && value !== null && !use.http) result[use.jsonName ?? name] = encode(use, value);
  }
  return result;
}
