import type { Contract, MemberShape, Shape } from '@slipway/contracts';
import { membersOf, setKey, shapeOf } from '../shapes.ts';
import { escapeXml } from './xml.ts';
import type { XmlElement } from './xml.ts';
import { formatScalar, parseScalar } from './scalars.ts';

type MapShape = Extract<Shape, { type: 'map' }>;

/** A value from an element. Names of members may be `xmlName`; lists and maps may be flattened into their parent. */
export function fromXml(contract: Contract, use: MemberShape, element: XmlElement, path: string): unknown {
  const shape = shapeOf(contract, use.shape);
  switch (shape.type) {
    case 'structure': case 'union': return structureFromXml(contract, shape, element, path);
    case 'list': {
      const name = shape.member.xmlName ?? 'member';
      return element.children.filter((child) => child.name === name).map((child, i) => fromXml(contract, shape.member, child, `${path}[${i}]`));
    }
    case 'map': return mapFromXml(contract, shape, element.children.filter((child) => child.name === 'entry'), path);
    default: return parseScalar(shape, element.text, path);
  }
}

function structureFromXml(contract: Contract, shape: Extract<Shape, { type: 'structure' | 'union' }>, element: XmlElement, path: string): unknown {
  const result: Record<string, unknown> = {};
  for (const [name, use] of membersOf(shape)) {
    if (use.http) continue;
    const at = path === '' ? name : `${path}.${name}`;
    const tag = use.xmlName ?? name;
    if (use.xmlAttribute) {
      const text = element.attributes[tag];
      if (text !== undefined) result[name] = text;
      continue;
    }
    const value = memberFromXml(contract, use, element.children.filter((child) => child.name === tag), at);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function memberFromXml(contract: Contract, use: MemberShape, elements: readonly XmlElement[], path: string): unknown {
  const first = elements[0];
  if (!first) return undefined;
  const shape = shapeOf(contract, use.shape);
  if (use.xmlFlattened && shape.type === 'list') return elements.map((each, i) => fromXml(contract, shape.member, each, `${path}[${i}]`));
  if (use.xmlFlattened && shape.type === 'map') return mapFromXml(contract, shape, elements, path);
  return fromXml(contract, use, first, path);
}

function mapFromXml(contract: Contract, shape: MapShape, entries: readonly XmlElement[], path: string): unknown {
  const result: Record<string, unknown> = {};
  for (const entry of entries) {
    const key = entry.children.find((child) => child.name === (shape.key.xmlName ?? 'key'));
    const value = entry.children.find((child) => child.name === (shape.value.xmlName ?? 'value'));
    if (key && value) setKey(result, key.text, fromXml(contract, shape.value, value, `${path}.${key.text}`));
  }
  return result;
}

export interface XmlStyle {
  readonly milliseconds: 'as-needed' | 'always';
}

/** The elements of a structure's members that no HTTP binding takes elsewhere. */
export function membersToXml(contract: Contract, shape: Extract<Shape, { type: 'structure' | 'union' }>, value: Record<string, unknown>, style: XmlStyle): string {
  let xml = '';
  for (const [name, use] of membersOf(shape)) {
    const inner = value[name];
    if (inner !== undefined && inner !== null && !use.http && !use.xmlAttribute) xml += toXml(contract, use, use.xmlName ?? name, inner, style);
  }
  return xml;
}

function toXml(contract: Contract, use: MemberShape, tag: string, value: unknown, style: XmlStyle): string {
  const shape = shapeOf(contract, use.shape);
  switch (shape.type) {
    case 'structure': case 'union': {
      const record = value as Record<string, unknown>;
      return `<${tag}${namespaceAttribute(use)}${attributes(shape, record)}>${membersToXml(contract, shape, record, style)}</${tag}>`;
    }
    case 'list': {
      const itemTag = use.xmlFlattened ? tag : (shape.member.xmlName ?? 'member');
      const items = (value as unknown[]).map((each) => toXml(contract, shape.member, itemTag, each, style)).join('');
      return use.xmlFlattened ? items : `<${tag}>${items}</${tag}>`;
    }
    case 'map': return mapToXml(contract, use, shape, tag, value as Record<string, unknown>, style);
    default: return `<${tag}>${escapeXml(formatScalar(use, shape, value, 'date-time', style.milliseconds))}</${tag}>`;
  }
}

function mapToXml(contract: Contract, use: MemberShape, shape: MapShape, tag: string, value: Record<string, unknown>, style: XmlStyle): string {
  const entryTag = use.xmlFlattened ? tag : 'entry';
  let entries = '';
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined || each === null) continue;
    const keyXml = toXml(contract, shape.key, shape.key.xmlName ?? 'key', key, style);
    entries += `<${entryTag}>${keyXml}${toXml(contract, shape.value, shape.value.xmlName ?? 'value', each, style)}</${entryTag}>`;
  }
  return use.xmlFlattened ? entries : `<${tag}>${entries}</${tag}>`;
}

function attributes(shape: Extract<Shape, { type: 'structure' | 'union' }>, value: Record<string, unknown>): string {
  return membersOf(shape)
    .filter(([name, use]) => use.xmlAttribute && value[name] !== undefined)
    .map(([name, use]) => ` ${use.xmlName ?? name}="${escapeXml(String(value[name]))}"`)
    .join('');
}

function namespaceAttribute(use: MemberShape): string {
  if (use.xmlNamespace === undefined) return '';
  if (typeof use.xmlNamespace === 'string') return ` xmlns="${use.xmlNamespace}"`;
  // The SDK's generator writes the pair as prefix and URI, in either order.
  const [a, b] = use.xmlNamespace;
  const [prefix, uri] = a.includes('://') ? [b, a] : [a, b];
  return ` xmlns:${prefix}="${uri}"`;
}
