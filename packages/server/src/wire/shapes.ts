import type { Contract, MemberShape, Shape } from '@slipway/contracts';

export type Structure = Extract<Shape, { type: 'structure' }>;

export function shapeOf(contract: Contract, name: string): Shape {
  const shape = contract.shapes[name];
  if (!shape) throw new Error(`The contract of ${contract.service} has no shape '${name}'`);
  return shape;
}

/** An operation's input or output; the empty structure where it has none. */
export function structureOf(contract: Contract, name: string | undefined): Structure {
  if (name === undefined) return { type: 'structure', members: {}, required: [] };
  const shape = shapeOf(contract, name);
  if (shape.type !== 'structure') throw new Error(`'${name}' of ${contract.service} is not a structure`);
  return shape;
}

type Members = readonly (readonly [name: string, use: MemberShape])[];

const listed = new WeakMap<Structure['members'], Members>();

/** A structure's members, listed once: they are walked for every value that goes in or out. */
export function membersOf({ members }: Pick<Structure, 'members'>): Members {
  let list = listed.get(members);
  if (list === undefined) listed.set(members, (list = Object.entries(members)));
  return list;
}

export function payloadMember(structure: Structure): Members[number] | undefined {
  return membersOf(structure).find(([, use]) => use.http?.in === 'payload');
}

/** Whether the body of a request is one streaming blob, which is never held in memory. */
export function isStreamingInput(contract: Contract, operation: string | undefined): boolean {
  if (operation === undefined) return false;
  const payload = payloadMember(structureOf(contract, contract.operations[operation]?.input));
  if (!payload) return false;
  const shape = shapeOf(contract, payload[1].shape);
  return shape.type === 'blob' && shape.streaming === true;
}

/** Sets a key that the client chose; `__proto__` too is only a key. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}
