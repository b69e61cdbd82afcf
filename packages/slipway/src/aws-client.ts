import { signRequest } from '@slipway/sigv4';

/** A signed client for the few calls that the CLI makes: no SDK is shipped. */
export interface AwsClient {
  /** awsJson 1.1: `json('codepipeline', 'CodePipeline_20150709', 'GetPipelineState', { name })`. */
  json<Output>(signingName: string, targetPrefix: string, operation: string, input: unknown): Promise<Output>;
  /** awsQuery with string parameters; answers the XML text. */
  query(signingName: string, version: string, operation: string, input: Record<string, string>): Promise<string>;
  /** Any signed request, for S3. */
  send(signingName: string, request: { method: string; path: string; headers?: Record<string, string>; body?: string | Uint8Array }): Promise<Response>;
}

export interface AwsClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** An AWS error answer, by its code. */
export class AwsError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function awsClient(options: AwsClientOptions): AwsClient {
  async function send(signingName: string, request: { method: string; path: string; headers?: Record<string, string>; body?: string | Uint8Array }): Promise<Response> {
    const url = new URL(request.path, options.endpoint);
    const headers = signRequest({
      method: request.method,
      url: url.href,
      headers: request.headers ?? {},
      body: request.body ?? '',
      service: signingName,
      region: options.region,
      credentials: options,
      now: Date.now(),
    });
    return fetch(url, { method: request.method, headers, body: request.method === 'GET' ? undefined : (request.body) });
  }

  return {
    send,
    async json<Output>(signingName: string, targetPrefix: string, operation: string, input: unknown): Promise<Output> {
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${targetPrefix}.${operation}` };
      const response = await send(signingName, { method: 'POST', path: '/', headers, body: JSON.stringify(input) });
      const text = await response.text();
      const answer = (text ? JSON.parse(text) : {}) as Record<string, unknown>;
      if (response.ok) return answer as Output;
      throw new AwsError(String(answer['__type']).replace(/^.*#/, ''), String(answer['message'] ?? answer['Message'] ?? text));
    },
    async query(signingName, version, operation, input) {
      const body = new URLSearchParams({ Action: operation, Version: version, ...input }).toString();
      const response = await send(signingName, { method: 'POST', path: '/', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
      const text = await response.text();
      if (response.ok) return text;
      throw new AwsError(element(text, 'Code'), element(text, 'Message'));
    },
  };
}

/** The text of the first element of that name in an answer of ours, which nests no markup in text. */
export function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
}
