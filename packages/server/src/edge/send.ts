import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Log } from '../kernel/log.ts';
import type { WireResponse } from '../wire/index.ts';

/** Writes an answer; resolves when it is sent or the client has gone. A body that fails midway breaks the connection, so that the client sees it. */
export async function send(at: { response: ServerResponse; requestId: string; signal: AbortSignal }, answer: WireResponse, log: Log): Promise<void> {
  const headers = { 'x-amzn-requestid': at.requestId, ...answer.headers };
  at.response.writeHead(answer.status, headers);
  if (Buffer.isBuffer(answer.body)) {
    at.response.end(answer.body);
    return;
  }
  try {
    await pipeline(answer.body, at.response);
  } catch (error) {
    if (!at.signal.aborted) log.error('answer broke off', { requestId: at.requestId, error });
  }
}
