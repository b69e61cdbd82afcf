import type { Contract, MemberShape } from '@slipway/contracts';
import { validationErrors, violation } from '../kernel/constraints.ts';
import { ServiceError } from '../kernel/errors.ts';
import { familyOf, refuse } from './common-errors.ts';
import { membersOf, shapeOf, structureOf } from './shapes.ts';

interface Finding {
  readonly kind: 'missing' | 'enum';
  /** `stages.1.member.name` */
  readonly path: string;
  readonly topLevel: string;
  readonly text: string;
}

/**
 * Checks an operation's input against its contract: required members and enums.
 * @throws ServiceError in AWS's words, with all that is wrong; the service's own `…RequiredException` or `Invalid…Exception` where the operation has one.
 */
export function validate(contract: Contract, operation: string, input: unknown): void {
  const shape = contract.operations[operation];
  if (!shape) throw unknownOperation(contract, operation);
  const findings: Finding[] = [];
  const structure = structureOf(contract, shape.input);
  const check = (use: MemberShape, value: unknown, path: string, topLevel: string): void => inspect(contract, use, value, path, topLevel, findings);
  const given = (input ?? {}) as Record<string, unknown>;
  for (const [name, use] of membersOf(structure)) {
    const value = given[name];
    if (value !== undefined && value !== null) check(use, value, lowerFirst(name), name);
    else if (structure.required.includes(name)) findings.push(missing(lowerFirst(name), name));
  }
  if (findings.length === 0) return;
  const absent = findings.find(({ kind }) => kind === 'missing');
  if (contract.namesMissing !== undefined && absent !== undefined) {
    throw new ServiceError(contract.namesMissing, `The request must contain the parameter ${upperFirst(absent.path)}.`);
  }
  throw refusal(contract, shape.errors, findings);
}

export function unknownOperation(contract: Contract, operation: string | undefined): ServiceError {
  if (familyOf(contract) === 's3') return refuse('UnknownOperationException', 'The specified method is not allowed against this resource.');
  return refuse('UnknownOperationException', operation === undefined ? `The request names no operation of ${contract.serviceId}.` : `Could not find operation ${operation} of ${contract.serviceId}.`);
}

function inspect(contract: Contract, use: MemberShape, value: unknown, path: string, topLevel: string, findings: Finding[]): void {
  const shape = shapeOf(contract, use.shape);
  const inner = (member: MemberShape, each: unknown, at: string): void => inspect(contract, member, each, at, topLevel, findings);
  switch (shape.type) {
    case 'structure': case 'union': {
      const record = value as Record<string, unknown>;
      for (const [name, member] of membersOf(shape)) {
        const at = `${path}.${lowerFirst(name)}`;
        if (record[name] !== undefined && record[name] !== null) inner(member, record[name], at);
        else if (shape.type === 'structure' && shape.required.includes(name)) findings.push(missing(at, topLevel));
      }
      return;
    }
    case 'list':
      for (const [i, each] of (value as unknown[]).entries()) if (each !== null) inner(shape.member, each, `${path}.${i + 1}.member`);
      return;
    case 'map':
      for (const [key, each] of Object.entries(value as Record<string, unknown>)) {
        inner(shape.key, key, `${path}.${key}.key`);
        if (each !== null && each !== undefined) inner(shape.value, each, `${path}.${key}.value`);
      }
      return;
    case 'string':
      if (shape.enum && !shape.enum.includes(value as string)) {
        const quoted = shape.sensitive ? 'Value' : `Value '${String(value)}'`;
        findings.push({ kind: 'enum', path, topLevel, text: violation(quoted, path, `Member must satisfy enum value set: [${shape.enum.join(', ')}]`) });
      }
      return;
    default:
  }
}

function missing(path: string, topLevel: string): Finding {
  return { kind: 'missing', path, topLevel, text: violation('Value null', path, 'Member must not be null') };
}

function refusal(contract: Contract, errors: readonly string[], findings: readonly Finding[]): ServiceError {
  const own = findings.find((finding) => finding.kind === 'missing' && errors.includes(`${upperFirst(finding.path)}RequiredException`));
  if (own) return new ServiceError(`${upperFirst(own.path)}RequiredException`, `The ${words(own.path)} is required, but was not specified.`);
  // CodeCommit and CodeDeploy name a wrong or missing value by its member: InvalidPullRequestStatusException.
  for (const { kind, path, text } of findings) {
    const member = upperFirst(path.split('.').at(-1) ?? '');
    const names = kind === 'enum' ? [`Invalid${member}Exception`, `Invalid${member}EnumException`] : kind === 'missing' ? [`${member}RequiredException`] : [];
    const named = names.find((name) => errors.includes(name));
    if (named !== undefined) return new ServiceError(named, validationErrors([text]));
  }
  if (familyOf(contract) === 's3') return s3Refusal(findings[0]!);
  return refuse('ValidationException', validationErrors(findings.map((finding) => finding.text)));
}

/** S3 tells apart what stood in the body from what stood in headers and query. */
function s3Refusal(finding: Finding): ServiceError {
  return finding.path.includes('.')
    ? new ServiceError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema', { status: 400 })
    : new ServiceError('InvalidArgument', finding.text, { status: 400, detail: { ArgumentName: finding.topLevel } });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `repositoryName` → `repository name` */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
