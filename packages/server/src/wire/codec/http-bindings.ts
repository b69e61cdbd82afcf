import { Readable } from 'node:stream';
import type { Contract, MemberShape } from '@slipway/contracts';
import type { Route } from '../face.ts';
import { membersOf, shapeOf } from '../shapes.ts';
import type { Structure } from '../shapes.ts';
import { formatScalar, parseScalar } from './scalars.ts';

/** The members of a REST operation's input that path, query and headers carry. */
export function fromHttp(route: Route, input: Structure): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, use] of membersOf(input)) {
    const value = boundValue(route, name, use);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function boundValue({ contract, request, query, labels }: Route, name: string, use: MemberShape): unknown {
  const shape = shapeOf(contract, use.shape);
  switch (use.http?.in) {
    case 'label': case 'greedyLabel': return labels[name] === undefined ? undefined : parseScalar(shape, labels[name], name);
    case 'header': {
      const text = request.headers[use.http.name];
      if (text === undefined) return undefined;
      if (shape.type === 'list') return text.split(',').map((each) => parseScalar(shapeOf(contract, shape.member.shape), each.trim(), name));
      return parseScalar(shape, text, name);
    }
    case 'prefixHeaders': return prefixHeaders(request.headers, use.http.name);
    case 'query': {
      const texts = query.getAll(use.http.name);
      if (texts.length === 0) return undefined;
      if (shape.type === 'list') return texts.map((each) => parseScalar(shapeOf(contract, shape.member.shape), each, name));
      return parseScalar(shape, texts[0]!, name);
    }
    case 'queryParams': return Object.fromEntries(query);
    default: return undefined;
  }
}

function prefixHeaders(headers: Route['request']['headers'], prefix: string): Record<string, string> | undefined {
  const found = Object.entries(headers).filter(([name, value]) => name.startsWith(prefix) && value !== undefined);
  return found.length === 0 ? undefined : Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value!]));
}

/** Status and headers of a REST operation's output. */
export function toHttp(contract: Contract, shape: Structure, output: Record<string, unknown>, status: number): { status: number; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  let answered = status;
  for (const [name, use] of membersOf(shape)) {
    const value = output[name];
    if (value === undefined || value === null) continue;
    if (use.http?.in === 'status') answered = value as number;
    else if (use.http?.in === 'header') headers[use.http.name] = headerText(contract, use, value);
    else if (use.http?.in === 'prefixHeaders') {
      for (const [key, text] of Object.entries(value as Record<string, string>)) headers[`${use.http.name}${key.toLowerCase()}`] = headerSafe(text);
    }
  }
  return { status: answered, headers };
}

function headerText(contract: Contract, use: MemberShape, value: unknown): string {
  const shape = shapeOf(contract, use.shape);
  if (shape.type !== 'list') return headerSafe(formatScalar(use, shape, value, 'http-date'));
  return (value as unknown[]).map((each) => headerText(contract, shape.member, each)).join(', ');
}

/** Headers carry Latin-1 without controls; S3 wraps anything else as an RFC 2047 word. */
function headerSafe(text: string): string {
  return /^[\t\x20-\x7e\xa0-\xff]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** A payload that is bytes or text rather than a document. */
export function rawPayload(value: unknown): Buffer | Readable {
  if (value instanceof Readable) return value;
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return value === undefined || value === null ? Buffer.alloc(0) : Buffer.from(value as Uint8Array);
}
