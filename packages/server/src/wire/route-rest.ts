import type { Contract } from '@slipway/contracts';
import type { WireRequest } from './face.ts';

interface RestOperation {
  readonly operation: string;
  readonly method: string;
  readonly path: RegExp;
  readonly labels: readonly string[];
  /** Query keys in the URI itself, with the value they must have where one is given: `?uploads`, `?list-type=2`. */
  readonly literals: ReadonlyMap<string, string>;
  readonly boundQuery: ReadonlySet<string>;
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
}

interface RestTable {
  readonly operations: readonly RestOperation[];
  /** Keys that are literal in some operation. */
  readonly subresources: ReadonlySet<string>;
}

export interface RestMatch {
  readonly operation: string;
  readonly labels: Record<string, string>;
}

/**
 * The operation whose method, path and literal query keys a request has. Of several, the most particular: CopyObject and
 * PutObject differ by a required header, UploadPart and PutObject by required query keys.
 */
export function matchRest(contract: Contract, request: WireRequest, path: string, query: URLSearchParams): RestMatch | undefined {
  const table = tableOf(contract);
  const asked = [...query.keys()].filter((key) => table.subresources.has(key));
  let best: { score: number; operation: RestOperation; found: RegExpExecArray } | undefined;
  for (const operation of table.operations) {
    if (operation.method !== request.method) continue;
    const found = operation.path.exec(path);
    if (!found) continue;
    // A sub-resource that the operation does not know would be ignored: `DELETE /bucket?object-lock` is not DeleteBucket.
    if (asked.some((key) => !operation.literals.has(key) && !operation.boundQuery.has(key))) continue;
    const score = particularity(operation, request, query);
    if (score !== undefined && (!best || score > best.score)) best = { score, operation, found };
  }
  if (!best) return undefined;
  const { operation, found } = best;
  const labels = Object.fromEntries(operation.labels.map((name, i) => [name, decodeLabel(found[i + 1]!)]));
  return { operation: operation.operation, labels };
}

const LITERAL = 100;
const REQUIRED = 10;
/** SDKs name the operation in `x-id`, which settles what is otherwise alike (ListBuckets, ListDirectoryBuckets). */
const NAMED = 5;

function particularity(operation: RestOperation, request: WireRequest, query: URLSearchParams): number | undefined {
  for (const [key, value] of operation.literals) {
    if (!query.has(key) || (value !== '' && query.get(key) !== value)) return undefined;
  }
  const present = operation.requiredQuery.filter((key) => query.has(key)).length
    + operation.requiredHeaders.filter((name) => request.headers[name] !== undefined).length;
  const missing = operation.requiredQuery.length + operation.requiredHeaders.length - present;
  if (missing > 0 && operation.literals.size === 0) return undefined;
  return LITERAL * operation.literals.size + REQUIRED * (present - missing) + (query.get('x-id') === operation.operation ? NAMED : 0);
}

const tables = new WeakMap<Contract, RestTable>();

function tableOf(contract: Contract): RestTable {
  let table = tables.get(contract);
  if (!table) {
    const operations = Object.keys(contract.operations).flatMap((name) => restOperation(contract, name) ?? []);
    table = { operations, subresources: new Set(operations.flatMap((operation) => [...operation.literals.keys()])) };
    tables.set(contract, table);
  }
  return table;
}

function restOperation(contract: Contract, operation: string): RestOperation | undefined {
  const { http, input } = contract.operations[operation]!;
  if (!http) return undefined;
  const [path = '/', literalQuery = ''] = http.uri.split('?');
  const labels: string[] = [];
  const pattern = path.split('/').map((segment) => {
    const label = /^\{(\w+)(\+?)\}$/.exec(segment);
    if (!label) return segment.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    labels.push(label[1]!);
    return label[2] ? '(.+)' : '([^/]+)';
  }).join('/');

  const shape = input === undefined ? undefined : contract.shapes[input];
  const members = shape?.type === 'structure' ? Object.entries(shape.members) : [];
  const required = new Set(shape?.type === 'structure' ? shape.required : []);
  const bound = (place: 'query' | 'header', only?: ReadonlySet<string>): string[] =>
    members.flatMap(([name, { http: binding }]) => (binding?.in === place && (!only || only.has(name)) ? [binding.name] : []));
  return {
    operation,
    method: http.method,
    path: new RegExp(`^${pattern}${path.endsWith('/') || path.includes('+}') ? '' : '/?'}$`, 's'),
    labels,
    literals: new Map(new URLSearchParams(literalQuery)),
    boundQuery: new Set(bound('query')),
    requiredQuery: bound('query', required),
    requiredHeaders: bound('header', required),
  };
}

function decodeLabel(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
