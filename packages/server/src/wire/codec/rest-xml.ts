import { Readable } from 'node:stream';
import type { Contract } from '@slipway/contracts';
import type { WireResponse } from '../face.ts';
import { payloadMember, shapeOf, structureOf } from '../shapes.ts';
import type { Structure } from '../shapes.ts';
import type { Codec } from './codec.ts';
import { textResponse } from './codec.ts';
import { fromHttp, rawPayload, toHttp } from './http-bindings.ts';
import * as s3 from './s3.ts';
import { escapeXml, parseXml } from './xml.ts';
import { fromXml, membersToXml } from './xml-values.ts';

const MEDIA_TYPE = 'application/xml';
const PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n';
const style = { milliseconds: 'always' } as const;

export const restXml: Codec = {
  decode(route, body) {
    const { contract, operation } = route;
    const input = structureOf(contract, contract.operations[operation]!.input);
    const decoded = fromHttp(route, input);
    const payload = payloadMember(input);
    if (payload) {
      const [name, use] = payload;
      const { type } = shapeOf(contract, use.shape);
      if (type === 'structure' || type === 'union') {
        if ((body as Buffer).length > 0) decoded[name] = fromXml(contract, use, parseXml((body as Buffer).toString('utf8')), name);
      } else decoded[name] = type === 'string' ? (body as Buffer).toString('utf8') : body;
    } else if (hasBody(input) && (body as Buffer).length > 0) {
      Object.assign(decoded, fromXml(contract, { shape: contract.operations[operation]!.input! }, parseXml((body as Buffer).toString('utf8')), ''));
    }
    return contract.service === 's3' ? s3.afterDecode(decoded) : decoded;
  },

  encode(route, output, requestId) {
    const { contract, operation } = route;
    const shape = structureOf(contract, contract.operations[operation]!.output);
    const value = (output ?? {}) as Record<string, unknown>;
    const { status, headers } = toHttp(contract, shape, value, contract.operations[operation]!.http?.status ?? 200);
    const answer = withBody(contract, operation, shape, value, status, { ...headers, ...requestHeaders(contract, requestId) });
    return contract.service === 's3' ? s3.afterEncode(operation, value, answer) : answer;
  },

  encodeError(contract, error, requestId) {
    const headers = { ...requestHeaders(contract, requestId), ...(contract?.service === 's3' ? s3.errorHeaders(error.detail) : {}) };
    // Not Modified has no body, and neither has any answer to HEAD.
    if (error.status === 304) return { status: 304, headers, body: Buffer.alloc(0) };
    const detail = Object.entries(error.detail).map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`).join('');
    const common = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>${detail}`;
    const xml = contract?.service === 's3'
      ? `<Error>${common}<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`
      : `<ErrorResponse><Error>${common}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
    return textResponse(error.status, MEDIA_TYPE, PROLOGUE + xml, headers);
  },
};

function hasBody(shape: Structure): boolean {
  return Object.values(shape.members).some((use) => !use.http);
}

function requestHeaders(contract: Contract | undefined, requestId: string): Record<string, string> {
  return contract?.service === 's3' ? { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId } : { 'x-amzn-requestid': requestId };
}

function withBody(contract: Contract, operation: string, shape: Structure, value: Record<string, unknown>, status: number, headers: Record<string, string>): WireResponse {
  const payload = payloadMember(shape);
  if (!payload) {
    if (!hasBody(shape)) return { status, headers: { 'content-length': '0', ...headers }, body: Buffer.alloc(0) };
    const root = shape.xmlName ?? `${operation}Result`;
    return textResponse(status, MEDIA_TYPE, document(contract, root, membersToXml(contract, shape, value, style)), headers);
  }
  const [name, use] = payload;
  const target = shapeOf(contract, use.shape);
  if (target.type === 'structure' || target.type === 'union') {
    const root = use.xmlName ?? (target.type === 'structure' ? target.xmlName : undefined) ?? use.shape;
    const inner = membersToXml(contract, target, (value[name] ?? {}) as Record<string, unknown>, style);
    return textResponse(status, MEDIA_TYPE, document(contract, root, inner), headers);
  }
  const body = rawPayload(value[name]);
  return { status, headers: body instanceof Readable ? headers : { ...headers, 'content-length': String(body.length) }, body };
}

function document(contract: Contract, root: string, inner: string): string {
  return `${PROLOGUE}<${root} xmlns="${contract.xmlNamespace}">${inner}</${root}>`;
}
