import { codecFor } from './codec/index.ts';
import { familyOf, wireError } from './common-errors.ts';
import type { Route, Wire, WireOptions, WireResponse } from './face.ts';
import { inflated } from './inflate.ts';
import { createRouter, procedureOf } from './route.ts';
import { verifySignature } from './signature/verify.ts';
import { isStreamingInput } from './shapes.ts';
import { readAll } from './request.ts';
import { unknownOperation } from './validate.ts';

/** Room for CodeCommit's 20 MB of files in base64. */
const DEFAULT_MAX_BODY = 32 * 1024 * 1024;

/** Where S3's global endpoint is. */
const CLASSIC_REGION = 'us-east-1';

export function createWire(options: WireOptions): Wire {
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY;
  const route = createRouter(options.contracts, maxBodyBytes);
  return {
    route,
    verifySignature: (found, context) => verifySignature(found, { ...context, maxBodyBytes, region: options.region ?? CLASSIC_REGION }),
    async decode(found, body) {
      assertOperation(found);
      if (isStreamingInput(found.contract, found.operation)) return codecFor(found.protocol).decode(found, body);
      const whole = Buffer.isBuffer(body) ? body : await readAll(body, maxBodyBytes);
      // What is stored in S3 says of itself how it is encoded; a request elsewhere says it of its body.
      const encoding = familyOf(found.contract) === 's3' ? undefined : found.request.headers['content-encoding'];
      return codecFor(found.protocol).decode(found, await inflated(whole, encoding, maxBodyBytes));
    },
    encode(found, output, requestId) {
      assertOperation(found);
      return codecFor(found.protocol).encode(found, output, requestId);
    },
    encodeError(found, error, requestId) {
      const contract = found?.contract;
      const answer = codecFor(found?.protocol ?? 'awsJson1.1').encodeError(contract, wireError(contract, found?.operation, error), requestId);
      return found?.request.method === 'HEAD' ? headless(answer) : answer;
    },
  };
}

function assertOperation(route: Route): asserts route is Route & { readonly operation: string } {
  if (route.operation === undefined) throw unknownOperation(route.contract, askedFor(route));
}

/** The operation's name as the client wrote it. */
function askedFor(route: Route): string | undefined {
  if (familyOf(route.contract) === 's3') return undefined;
  const parameters = route.buffered ? new URLSearchParams(route.buffered.toString('utf8')) : route.query;
  return route.request.headers['x-amz-target']?.split('.').at(-1) ?? procedureOf(route.request, route.path)?.name ?? parameters.get('Action') ?? undefined;
}

function headless(response: WireResponse): WireResponse {
  const { 'content-length': _, ...headers } = response.headers;
  return { ...response, headers, body: Buffer.alloc(0) };
}
