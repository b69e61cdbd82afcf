import type { Contract, Protocol } from '@slipway/contracts';
import { ServiceError } from '../kernel/errors.ts';
import { refuse } from './common-errors.ts';
import type { Route, WireRequest } from './face.ts';
import { readAll, splitUrl } from './request.ts';
import { inflated } from './inflate.ts';
import { matchRest } from './route-rest.ts';
import { bucketOfHost } from './route-s3.ts';

/** The longest form: a batch of SQS's messages, 1 MiB, percent-encoded. Read before anything of the request is believed, so it is kept short. */
const MAX_FORM_BYTES = 4 * 1024 * 1024;

/** Finds what a request asks for. Made once, for the services that a server answers. */
export function createRouter(contracts: readonly Contract[], maxBodyBytes: number): (request: WireRequest) => Promise<Route> {
  return async function route(request) {
    const { path, query: rawQuery } = splitUrl(request.url);
    const query = new URLSearchParams(rawQuery);
    const start = { request, path, query, labels: {} };
    const signedFor = signedService(request, query);
    const candidates = signedFor === undefined ? contracts : contracts.filter((contract) => contract.signingName === signedFor);
    if (candidates.length === 0) throw refuse('NotImplemented', `The service '${signedFor}' is not answered by Slipway yet.`);

    const target = request.headers['x-amz-target'];
    if (target !== undefined) {
      const found = byTarget(candidates, target);
      if (found) return { ...start, ...found };
    }

    const procedure = byProcedure(candidates, request, path);
    if (procedure) return { ...start, ...procedure };

    const form = isForm(request);
    if (form || query.has('Action')) {
      const speakers = candidates.filter((contract) => contract.protocols.includes('awsQuery'));
      if (speakers.length > 0) {
        const buffered = form ? await readAll(request.body, Math.min(maxBodyBytes, MAX_FORM_BYTES), request.headers['content-length']) : undefined;
        const text = buffered && (await inflated(buffered, request.headers['content-encoding'], MAX_FORM_BYTES)).toString('utf8');
        const found = byAction(speakers, text === undefined ? query : new URLSearchParams(text));
        if (found) return { ...start, ...found, ...(buffered && { buffered }) };
      }
    }

    const found = byPath(candidates, request, path, query);
    if (found) return { ...start, ...found };
    const only = candidates.length === 1 ? candidates[0] : undefined;
    if (!only) throw new ServiceError('UnknownOperationException', 'The request names no operation of a known service.', { status: 404 });
    return { ...start, contract: only, protocol: only.protocols[0]!, operation: undefined };
  };
}

type Found = Pick<Route, 'contract' | 'protocol' | 'operation'> & Partial<Pick<Route, 'labels'>>;

/** The service in the credential scope of a signed request. */
function signedService(request: WireRequest, query: URLSearchParams): string | undefined {
  const credential = /Credential=([^,\s]+)/.exec(request.headers['authorization'] ?? '')?.[1] ?? query.get('X-Amz-Credential');
  // Access key ids hold no slash, so the scope's parts are counted from the end.
  return credential?.split('/').at(-2);
}

function byTarget(candidates: readonly Contract[], target: string): Found | undefined {
  const dot = target.lastIndexOf('.');
  const prefix = target.slice(0, dot);
  const name = target.slice(dot + 1);
  const contract = candidates.find((each) => each.targetPrefix === prefix || each.targetPrefixAliases?.includes(prefix));
  const protocol = contract?.protocols.find((each) => each.startsWith('awsJson'));
  return contract && protocol && { contract, protocol, operation: Object.hasOwn(contract.operations, name) ? name : undefined };
}

/** What rpcV2Cbor sends: `/service/<prefix>/operation/<name>`. */
export function procedureOf(request: WireRequest, path: string): { prefix: string; name: string } | undefined {
  if (request.headers['smithy-protocol'] !== 'rpc-v2-cbor' || request.method !== 'POST') return undefined;
  const [, prefix, name] = /\/service\/([^/]+)\/operation\/([^/]+)$/.exec(path) ?? [];
  return prefix === undefined || name === undefined ? undefined : { prefix, name };
}

function byProcedure(candidates: readonly Contract[], request: WireRequest, path: string): Found | undefined {
  const procedure = procedureOf(request, path);
  const contract = procedure && candidates.find((each) => each.targetPrefix === procedure.prefix && each.protocols.includes('rpcV2Cbor'));
  return contract && { contract, protocol: 'rpcV2Cbor', operation: Object.hasOwn(contract.operations, procedure.name) ? procedure.name : undefined };
}

function byAction(candidates: readonly Contract[], parameters: URLSearchParams): Found | undefined {
  const action = parameters.get('Action') ?? '';
  const version = parameters.get('Version');
  const contract = candidates.find((each) => (version === null || each.apiVersion === version) && Object.hasOwn(each.operations, action));
  if (contract) return { contract, protocol: 'awsQuery', operation: action };
  const versioned = candidates.find((each) => each.apiVersion === version) ?? (candidates.length === 1 ? candidates[0] : undefined);
  return versioned && { contract: versioned, protocol: 'awsQuery', operation: undefined };
}

const REST: readonly Protocol[] = ['restJson1', 'restXml'];

/** S3 comes last for unsigned requests, because every path could be a bucket's. */
function byPath(candidates: readonly Contract[], request: WireRequest, path: string, query: URLSearchParams): Found | undefined {
  const rest = candidates.filter((contract) => contract.protocols.some((protocol) => REST.includes(protocol)));
  for (const contract of rest.toSorted((a, b) => Number(a.service === 's3') - Number(b.service === 's3'))) {
    const protocol = contract.protocols.find((each) => REST.includes(each))!;
    const bucket = contract.service === 's3' ? bucketOfHost(request.headers['host'] ?? '') : undefined;
    const match = matchRest(contract, request, bucket === undefined ? path : `/${bucket}${path}`, query);
    if (match) return { contract, protocol, ...match };
    if (contract.service === 's3' || rest.length === 1) return { contract, protocol, operation: undefined };
  }
  return undefined;
}

function isForm(request: WireRequest): boolean {
  return request.method === 'POST' && (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
}
