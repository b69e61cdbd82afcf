import type { IncomingMessage, ServerResponse } from 'node:http';

/** HTTP that is not an AWS API call. The edge mounts doors without knowing them by name. */
export interface Door {
  readonly name: string;
  /** Whether this request is the door's; asked before AWS routing. */
  matches(request: DoorRequest): boolean;
  /** Authenticates by its own means and streams. A throw becomes a plain 500 with the request id. */
  handle(request: IncomingMessage, response: ServerResponse, context: DoorContext): Promise<void>;
}

export interface DoorRequest {
  readonly method: string;
  readonly host: string;
  /** As sent, nothing decoded, without the query. */
  readonly path: string;
  /** As sent, without the question mark; empty when there is none. */
  readonly query: string;
  /** Whether it carries an AWS signature, in its headers or its query. */
  readonly signed: boolean;
}

export interface DoorContext {
  readonly requestId: string;
  /** `http://127.0.0.1:4566`, as the client reached us. */
  readonly endpoint: string;
  readonly sourceIp?: string;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}
