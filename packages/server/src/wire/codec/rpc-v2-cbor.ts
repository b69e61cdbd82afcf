import type { WireResponse } from '../face.ts';
import { queryErrorHeader } from '../common-errors.ts';
import { cborDialect as dialect, parseCbor, serializeCbor } from './cbor-values.ts';
import type { Codec } from './codec.ts';
import { fromTree, toTree } from './tree-values.ts';

/** Smithy's RPC v2: the operation in the path, one CBOR map each way. */
export const rpcV2Cbor: Codec = {
  decode({ contract, operation }, body) {
    const { input } = contract.operations[operation]!;
    const tree = parseCbor(body as Buffer);
    return input === undefined ? {} : fromTree(contract, input, tree, dialect);
  },
  encode({ contract, operation }, output, requestId) {
    const { output: shape } = contract.operations[operation]!;
    return response(200, shape === undefined ? {} : toTree(contract, { shape }, output ?? {}, dialect), requestId);
  },
  encodeError(contract, error, requestId) {
    const detail = contract && error.shape !== undefined ? (toTree(contract, { shape: error.shape }, error.detail, dialect) as object) : error.detail;
    return response(error.status, { ...detail, __type: error.type, message: error.message }, requestId, queryErrorHeader(contract, error));
  },
};

function response(status: number, tree: unknown, requestId: string, headers: Readonly<Record<string, string>> = {}): WireResponse {
  const body = serializeCbor(tree);
  return {
    status,
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'content-length': String(body.length), 'x-amzn-requestid': requestId, ...headers },
    body,
  };
}
