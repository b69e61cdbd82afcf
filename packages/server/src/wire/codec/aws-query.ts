import type { Contract, MemberShape, Shape } from '@slipway/contracts';
import { refuse } from '../common-errors.ts';
import { membersOf, setKey, shapeOf, structureOf } from '../shapes.ts';
import type { Codec } from './codec.ts';
import { textResponse } from './codec.ts';
import { DEEPEST, parseScalar, tooDeep } from './scalars.ts';
import { escapeXml } from './xml.ts';
import { membersToXml } from './xml-values.ts';

const MEDIA_TYPE = 'text/xml';
const style = { milliseconds: 'as-needed' } as const;

/** Form parameters in, XML out: IAM, STS and the older services. */
export const awsQuery: Codec = {
  decode({ contract, operation, query, path, request }, body) {
    const text = (body as Buffer).toString('utf8');
    const tree = parameterTree(text === '' ? query : new URLSearchParams(text));
    const shape = structureOf(contract, contract.operations[operation]!.input);
    const input = structureFromNode(contract, shape, tree, '');
    const { urlMember } = contract;
    if (urlMember === undefined || !Object.hasOwn(shape.members, urlMember) || path === '/') return input;
    return { [urlMember]: `http://${request.headers['host']}${path}`, ...input };
  },
  encode({ contract, operation }, output, requestId) {
    const shape = structureOf(contract, contract.operations[operation]!.output);
    const members = membersToXml(contract, shape, (output ?? {}) as Record<string, unknown>, style);
    const result = Object.keys(shape.members).length > 0 ? `<${operation}Result>${members}</${operation}Result>` : '';
    const xml = `<${operation}Response xmlns="${contract.xmlNamespace}">${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`;
    return textResponse(200, MEDIA_TYPE, xml, { 'x-amzn-requestid': requestId });
  },
  encodeError(contract, error, requestId) {
    const shape = contract && error.shape !== undefined ? structureOf(contract, error.shape) : undefined;
    const detail = contract && shape ? membersToXml(contract, { ...shape, members: withoutMessage(shape.members) }, error.detail, style) : '';
    const type = error.fault === 'client' ? 'Sender' : 'Receiver';
    const namespace = contract?.xmlNamespace === undefined ? '' : ` xmlns="${contract.xmlNamespace}"`;
    const xml = `<ErrorResponse${namespace}><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>${detail}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
    return textResponse(error.status, MEDIA_TYPE, xml, { 'x-amzn-requestid': requestId });
  },
};

function withoutMessage(members: Readonly<Record<string, MemberShape>>): Record<string, MemberShape> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name.toLowerCase() !== 'message'));
}

interface Node {
  value: string | undefined;
  readonly children: Map<string, Node>;
}

function parameterTree(parameters: URLSearchParams): Node {
  const root: Node = { value: undefined, children: new Map() };
  for (const [name, value] of parameters) {
    let node = root;
    const parts = name.split('.', DEEPEST + 1);
    if (parts.length > DEEPEST) throw tooDeep();
    for (const part of parts) {
      let next = node.children.get(part);
      if (!next) node.children.set(part, (next = { value: undefined, children: new Map() }));
      node = next;
    }
    node.value = value;
  }
  return root;
}

function fromNode(contract: Contract, use: MemberShape, node: Node, path: string): unknown {
  const shape = shapeOf(contract, use.shape);
  switch (shape.type) {
    case 'structure': case 'union': return structureFromNode(contract, shape, node, path);
    case 'list': {
      const items = use.xmlFlattened ? node : node.children.get(shape.member.xmlName ?? 'member');
      return numbered(items).map((item, i) => fromNode(contract, shape.member, item, `${path}.${i + 1}`));
    }
    case 'map': {
      const result: Record<string, unknown> = {};
      for (const entry of numbered(use.xmlFlattened ? node : node.children.get('entry'))) {
        const key = entry.children.get(shape.key.xmlName ?? 'key')?.value;
        const value = entry.children.get(shape.value.xmlName ?? 'value');
        if (key !== undefined && value) setKey(result, key, fromNode(contract, shape.value, value, `${path}.${key}`));
      }
      return result;
    }
    default:
      if (node.value === undefined) throw refuse('SerializationException', `Unexpected parameters below '${path}'`);
      return parseScalar(shape, node.value, path);
  }
}

function structureFromNode(contract: Contract, shape: Extract<Shape, { type: 'structure' | 'union' }>, node: Node, path: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, use] of membersOf(shape)) {
    const child = node.children.get(use.xmlName ?? name);
    if (child) result[name] = fromNode(contract, use, child, path === '' ? name : `${path}.${name}`);
  }
  return result;
}

/**
 * `….1`, `….2` in order. An empty list is sent as the list's own name with an empty value, and old clients send a single
 * item without its number.
 */
function numbered(node: Node | undefined): Node[] {
  if (!node) return [];
  const items = [...node.children.entries()].filter(([name]) => /^\d+$/.test(name)).toSorted(([a], [b]) => Number(a) - Number(b));
  if (items.length > 0) return items.map(([, child]) => child);
  return node.children.size > 0 || (node.value ?? '') !== '' ? [node] : [];
}
