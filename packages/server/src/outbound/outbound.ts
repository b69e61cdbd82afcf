/**
 * The way out: HTTP to endpoints that users name (SNS subscriptions, API destinations, remotes of repositories).
 *
 * Every connection goes to an address that was judged right before: a name is resolved once, each of its addresses is
 * checked, and the connection is made to the checked address, so a name that resolves differently a moment later changes
 * nothing. Redirects are answered, never followed, unless asked for; each hop is judged anew.
 */
export interface Outbound {
  /** @throws OutboundRefused for an address that is not allowed; OutboundFailed when there is no answer. */
  request(request: OutboundRequest): Promise<OutboundResponse>;
  /** The addresses of a host that may be connected to. @throws OutboundRefused when one of them is not allowed. */
  resolve(host: string): Promise<readonly string[]>;
}

export interface OutboundRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the start of the request to the end of the answer. ms */
  readonly timeout: number;
  /** The most bytes of the answer that are read; the rest is not. */
  readonly maxBody: number;
  /** How many redirects are followed; none unless given. */
  readonly redirects?: number;
  readonly signal?: AbortSignal;
}

export interface OutboundResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Cut at `maxBody`. */
  readonly body: Buffer;
}

/** The endpoint's address is loopback, link-local, private or otherwise not public, and the installation does not allow it. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}

/** No answer: the name does not resolve, the connection fails, TLS fails, or the time is over. */
export class OutboundFailed extends Error {
  override readonly name = 'OutboundFailed';
}
