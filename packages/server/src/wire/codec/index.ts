import type { Protocol } from '@slipway/contracts';
import { awsJson } from './aws-json.ts';
import { awsQuery } from './aws-query.ts';
import type { Codec } from './codec.ts';
import { restJson } from './rest-json.ts';
import { restXml } from './rest-xml.ts';
import { rpcV2Cbor } from './rpc-v2-cbor.ts';

export type { Codec } from './codec.ts';

/** A protocol without an entry is not spoken yet; no contract lists one. */
const codecs: Partial<Record<Protocol, Codec>> = {
  'awsJson1.0': awsJson('1.0'),
  'awsJson1.1': awsJson('1.1'),
  awsQuery,
  restJson1: restJson,
  restXml,
  rpcV2Cbor,
};

export function codecFor(protocol: Protocol): Codec {
  const codec = codecs[protocol];
  if (!codec) throw new Error(`No codec for ${protocol}`);
  return codec;
}
