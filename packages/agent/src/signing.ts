import { signRequest } from '@slipway/sigv4';
import type { AgentConfig } from './config.ts';

/** The headers of a request that carries the host's signature, with its keys as they are at this moment. */
export async function signedHeaders(
  config: AgentConfig, service: 'codedeploy-commands' | 's3', method: string, url: URL, headers: Readonly<Record<string, string>>, body = '',
): Promise<Record<string, string>> {
  return signRequest({ method, url, headers, service, region: config.region, credentials: await config.credentials(), now: Date.now(), body });
}
