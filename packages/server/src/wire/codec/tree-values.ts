import type { Contract, MemberShape, Shape } from '@slipway/contracts';
import { refuse } from '../common-errors.ts';
import { membersOf, setKey, shapeOf } from '../shapes.ts';
import { checkDepth } from './scalars.ts';

/** Where the protocols that carry trees of values, JSON or CBOR, differ. */
export interface Dialect {
  /** restJson1 honours `jsonName`, the others do not. */
  readonly useJsonName: boolean;
  /** A scalar as it was parsed. @throws ServiceError SerializationException for one of another type. */
  read(shape: Shape, value: unknown, path: string): unknown;
  /** A scalar as it is to be serialised. */
  write(use: MemberShape, shape: Shape, value: unknown): unknown;
}

export function fromTree(contract: Contract, shapeName: string, tree: unknown, dialect: Dialect, path = '', depth = 0): unknown {
  checkDepth(depth);
  const shape = shapeOf(contract, shapeName);
  const inner = (use: MemberShape, value: unknown, at: string): unknown => fromTree(contract, use.shape, value, dialect, at, depth + 1);
  switch (shape.type) {
    case 'structure': case 'union': return structureFromTree(shape, tree, dialect, path, inner);
    case 'list':
      if (!Array.isArray(tree)) throw mistyped(tree, 'a list', path);
      return tree.map((value, i) => {
        if (value === null && shape.sparse) return null;
        return inner(shape.member, value, `${path}[${i}]`);
      });
    case 'map': return mapFromTree(shape, tree, path, inner);
    default: return dialect.read(shape, tree, path);
  }
}

type Inner = (use: MemberShape, value: unknown, path: string) => unknown;

function structureFromTree(shape: Extract<Shape, { type: 'structure' | 'union' }>, tree: unknown, dialect: Dialect, path: string, inner: Inner): unknown {
  const source = objectOf(tree, path);
  const result: Record<string, unknown> = {};
  for (const [name, use] of membersOf(shape)) {
    const key = dialect.useJsonName ? (use.jsonName ?? name) : name;
    const value = Object.hasOwn(source, key) ? source[key] : undefined;
    if (value !== undefined && value !== null) result[name] = inner(use, value, path === '' ? name : `${path}.${name}`);
  }
  if (shape.type === 'union' && Object.keys(result).length !== 1) {
    throw refuse('SerializationException', `Exactly one member of the union at '${path}' must be set`);
  }
  return result;
}

function mapFromTree(shape: Extract<Shape, { type: 'map' }>, tree: unknown, path: string, inner: Inner): unknown {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(objectOf(tree, path))) {
    if (value !== null) setKey(result, key, inner(shape.value, value, `${path}.${key}`));
    else if (shape.sparse) setKey(result, key, null);
  }
  return result;
}

function objectOf(tree: unknown, path: string): Record<string, unknown> {
  // Bytes and times are objects too, of classes.
  if (typeof tree !== 'object' || tree === null || Object.getPrototypeOf(tree) !== Object.prototype) throw mistyped(tree, 'a structure', path);
  return tree as Record<string, unknown>;
}

export function mistyped(tree: unknown, wanted: string, path: string): Error {
  return refuse('SerializationException', `${tokenOf(tree)} can not be converted to ${wanted}${path === '' ? '' : ` at '${path}'`}`);
}

/** What AWS's parser calls a value. */
function tokenOf(tree: unknown): string {
  if (tree === null) return 'NULL_VALUE';
  if (typeof tree === 'boolean') return tree ? 'TRUE_VALUE' : 'FALSE_VALUE';
  if (typeof tree === 'object') return Array.isArray(tree) ? 'START_ARRAY' : 'START_OBJECT';
  return typeof tree === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}

export function toTree(contract: Contract, use: MemberShape, value: unknown, dialect: Dialect): unknown {
  const shape = shapeOf(contract, use.shape);
  switch (shape.type) {
    case 'structure': case 'union': {
      const result: Record<string, unknown> = {};
      for (const [name, member] of membersOf(shape)) {
        const inner = (value as Record<string, unknown>)[name];
        if (inner === undefined || inner === null) continue;
        result[dialect.useJsonName ? (member.jsonName ?? name) : name] = toTree(contract, member, inner, dialect);
      }
      return result;
    }
    case 'list': return (value as unknown[]).map((each) => (each === null ? null : toTree(contract, shape.member, each, dialect)));
    case 'map': {
      const result: Record<string, unknown> = {};
      for (const [key, each] of Object.entries(value as Record<string, unknown>)) {
        if (each !== undefined && each !== null) setKey(result, key, toTree(contract, shape.value, each, dialect));
        else if (each === null && shape.sparse) setKey(result, key, null);
      }
      return result;
    }
    default: return dialect.write(use, shape, value);
  }
}
