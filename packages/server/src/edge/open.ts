/**
 * Everything that is answered without a signature, in one place. Doors authenticate by their own means: git, and SNS's links to
 * confirm and to unsubscribe, whose secrets stand in them; its certificate is for everybody.
 */
export interface OpenAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * - `GET /` without credentials: deploy agents open TLS to the endpoint this way before they trust it; any status will do.
 * - `GET /_slipway/health`: for process supervisors and load balancers.
 */
export function openAnswer(request: { method: string; path: string; signed: boolean }): OpenAnswer | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (request.path === '/_slipway/health') return { status: 200, contentType: 'application/json', body: '{"status":"ok"}\n' };
  if (request.path === '/' && !request.signed) return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'Slipway\n' };
  return undefined;
}
