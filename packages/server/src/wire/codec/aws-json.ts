import type { Codec } from './codec.ts';
import { textResponse } from './codec.ts';
import { fromJson, parseJson, toJson } from './json-values.ts';

const dialect = { useJsonName: false };

/** awsJson 1.0 and 1.1: one JSON document each way. They differ in the media type and nothing that matters here. */
export function awsJson(version: '1.0' | '1.1'): Codec {
  const mediaType = `application/x-amz-json-${version}`;
  return {
    decode({ contract, operation }, body) {
      const { input } = contract.operations[operation]!;
      const json = parseJson(body as Buffer);
      return input === undefined ? {} : fromJson(contract, input, json, dialect);
    },
    encode({ contract, operation }, output, requestId) {
      const { output: shape } = contract.operations[operation]!;
      const json = shape === undefined ? {} : toJson(contract, { shape }, output ?? {}, dialect);
      return textResponse(200, mediaType, JSON.stringify(json), { 'x-amzn-requestid': requestId });
    },
    encodeError(contract, error, requestId) {
      const detail = contract && error.shape !== undefined ? (toJson(contract, { shape: error.shape }, error.detail, dialect) as object) : error.detail;
      // A service that once spoke awsQuery alone names errors both ways: SDKs know the shape, users' code the older name.
      const queryError = contract?.protocols.includes('awsQuery') === true ? { 'x-amzn-query-error': `${error.code};${error.fault === 'client' ? 'Sender' : 'Receiver'}` } : {};
      const type = contract?.protocols.includes('awsQuery') === true ? (error.shape ?? error.code) : error.code;
      const body = JSON.stringify({ ...detail, __type: type, message: error.message });
      return textResponse(error.status, mediaType, body, { 'x-amzn-requestid': requestId, 'x-amzn-errortype': type, ...queryError });
    },
  };
}
