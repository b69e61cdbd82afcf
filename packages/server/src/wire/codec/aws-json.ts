import { queryErrorHeader } from '../common-errors.ts';
import type { Codec } from './codec.ts';
import { textResponse } from './codec.ts';
import { awsJsonDialect as dialect, parseJson } from './json-values.ts';
import { fromTree, toTree } from './tree-values.ts';

/** awsJson 1.0 and 1.1: one JSON document each way. They differ in the media type and nothing that matters here. */
export function awsJson(version: '1.0' | '1.1'): Codec {
  const mediaType = `application/x-amz-json-${version}`;
  return {
    decode({ contract, operation }, body) {
      const { input } = contract.operations[operation]!;
      const json = parseJson(body as Buffer);
      return input === undefined ? {} : fromTree(contract, input, json, dialect);
    },
    encode({ contract, operation }, output, requestId) {
      const { output: shape } = contract.operations[operation]!;
      const json = shape === undefined ? {} : toTree(contract, { shape }, output ?? {}, dialect);
      return textResponse(200, mediaType, JSON.stringify(json), { 'x-amzn-requestid': requestId });
    },
    encodeError(contract, error, requestId) {
      const detail = contract && error.shape !== undefined ? (toTree(contract, { shape: error.shape }, error.detail, dialect) as object) : error.detail;
      const body = JSON.stringify({ ...detail, __type: error.type, message: error.message });
      return textResponse(error.status, mediaType, body, { 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.type, ...queryErrorHeader(contract, error) });
    },
  };
}
