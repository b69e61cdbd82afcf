import type { Readable } from 'node:stream';
import type { Contract, Protocol } from '@slipway/contracts';
import type { AccessKeys } from '../kernel/access.ts';
import type { Caller } from '../kernel/caller.ts';

/** A request as it came in. */
export interface WireRequest {
  readonly method: string;
  /** Path and query exactly as sent, undecoded: the signature covers the bytes. */
  readonly url: string;
  /** Lower-case names; repeated ones joined with `,`. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readable;
}

/** What a request asks for, known before anything about it is believed. */
export interface Route {
  readonly request: WireRequest;
  readonly contract: Contract;
  readonly protocol: Protocol;
  /** Undefined when the service is known and the operation is not; `decode` then throws the service's own error. */
  readonly operation: string | undefined;
  /** Undecoded path, without the query. */
  readonly path: string;
  /** Decoded, in the order sent. */
  readonly query: URLSearchParams;
  /** S3's bucket and key, decoded, from the path or the host. */
  readonly labels: Readonly<Record<string, string>>;
  /** The whole body where it was needed to route (awsQuery); `request.body` is then spent. */
  readonly buffered?: Buffer;
}

/** A request whose signature holds. */
export interface Verified {
  readonly caller: Caller;
  /** From the credential scope. */
  readonly region: string;
  /** Bytes in memory, checked; or for streaming operations a stream that fails at its end when hash, chunk signature or checksum are wrong. */
  readonly body: Buffer | Readable;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names. Has `content-length` unless the body is a stream of unknown length. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | Readable;
}

/**
 * The steps of one request, in order:
 *
 * ```ts
 * let route: Route | undefined;
 * try {
 *   route = await wire.route(wireRequest(message));
 *   const verified = await wire.verifySignature(route, { accessKeys, now: clock.now() });
 *   const input = await wire.decode(route, verified.body);
 *   // the dispatcher: validate(route.contract, route.operation, input), authorise, handle
 *   send(wire.encode(route, output, requestId));
 * } catch (error) {
 *   send(wire.encodeError(route, error, requestId));
 * }
 * ```
 *
 * Each step throws `ServiceError` for what the client did wrong. `encodeError` turns a `ServiceError` into AWS's form for the
 * route's protocol and anything else into a 500 that shows only the request id.
 */
export interface Wire {
  /**
   * Service by credential scope, then `X-Amz-Target`, then the path of RPC v2, then `Action`, then host and path; operation by the service's protocol.
   * Reads the body only where the operation's name is in it.
   */
  route(request: WireRequest): Promise<Route>;
  /** @throws ServiceError named as the route's service names it: `InvalidSignatureException`, `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, … */
  verifySignature(route: Route, context: { readonly accessKeys: AccessKeys; readonly now: number }): Promise<Verified>;
  /** The operation's input as plain data. Unknown members are dropped, as AWS does; wrongly typed ones are a `SerializationException`. */
  decode(route: Route, body: Buffer | Readable): Promise<unknown>;
  encode(route: Route, output: unknown, requestId: string): WireResponse;
  /** `route` is undefined when routing itself failed. */
  encodeError(route: Route | undefined, error: unknown, requestId: string): WireResponse;
}

export interface WireOptions {
  /** The services that this server answers. */
  readonly contracts: readonly Contract[];
  /** The most bytes of a body that are kept in memory; streaming bodies are never kept. */
  readonly maxBodyBytes?: number;
  /** The region of requests whose signature names none (presigned URLs of Signature Version 2); default us-east-1. */
  readonly region?: string;
}
