import { parseOperator } from './conditions.ts';
import { MalformedPolicy } from './document.ts';
import type { Condition, PolicyDocument, PolicyKind, Principals, Statement } from './document.ts';
import { checkAction, checkPrincipals, checkResource } from './grammar.ts';

type Json = Readonly<Record<string, unknown>>;

const VERSIONS = ['2012-10-17', '2008-10-17'] as const;
const DOCUMENT_KEYS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_KEYS = new Set(['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']);
// The characters that AWS allows in a policy.
// oxlint-disable-next-line no-control-regex
const CHARACTERS = /^[\u0009\u000A\u000D\u0020-\u00FF]+$/;

/** Reads and checks a policy. Throws `MalformedPolicy` with AWS's message. */
export function parsePolicy(text: string, kind: PolicyKind): PolicyDocument {
  if (!CHARACTERS.test(text)) throw syntax();
  const json = parseJson(text);
  if (!isObject(json)) throw syntax();
  refuseUnknown(json, DOCUMENT_KEYS);
  const version = json['Version'] ?? '2008-10-17';
  if (!VERSIONS.includes(version as (typeof VERSIONS)[number])) throw syntax();
  if (kind === 'identity' && version !== '2012-10-17') throw new MalformedPolicy('Policy document must be version 2012-10-17 or greater.');
  if (json['Id'] !== undefined && typeof json['Id'] !== 'string') throw syntax();
  const statements = asList(json['Statement']);
  if (statements.length === 0) throw kind === 'trust' ? new MalformedPolicy('Could not parse the policy: Statement is empty!') : syntax();
  const document: PolicyDocument = {
    version: version as PolicyDocument['version'],
    id: json['Id'] as string | undefined,
    statements: statements.map((statement) => parseStatement(statement, kind)),
  };
  checkSids(document);
  return document;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new MalformedPolicy('This policy contains invalid Json', { cause });
  }
}

function parseStatement(json: unknown, kind: PolicyKind): Statement {
  if (!isObject(json)) throw syntax();
  refuseUnknown(json, STATEMENT_KEYS);
  const effect = json['Effect'];
  if (effect === undefined && kind === 'trust') throw new MalformedPolicy('Missing required field Effect');
  if (effect !== 'Allow' && effect !== 'Deny') throw syntax();
  const sid = json['Sid'];
  if (sid !== undefined && typeof sid !== 'string') throw syntax();
  const [actions, notActions] = oneOf(json, 'Action', 'NotAction');
  const [resources, notResources] = oneOf(json, 'Resource', 'NotResource');
  const principals = readPrincipals(json);
  checkElements({ actions, resources, principals, kind });
  for (const action of actions ?? []) checkAction(action, kind);
  for (const resource of resources ?? []) checkResource(resource);
  if (principals !== undefined) checkPrincipals(principals);
  return {
    sid, effect, principals, notPrincipals: json['NotPrincipal'] !== undefined,
    actions: actions ?? [], notActions, resources: resources ?? [], notResources,
    conditions: readConditions(json['Condition']),
  };
}

function checkElements(found: { actions: readonly string[] | undefined; resources: readonly string[] | undefined; principals: Principals | undefined; kind: PolicyKind }): void {
  const { actions, resources, principals, kind } = found;
  if (kind === 'identity' && principals !== undefined) throw new MalformedPolicy('Policy document should not specify a principal.');
  if (kind !== 'identity' && principals === undefined) throw new MalformedPolicy('Missing required field Principal');
  if (actions === undefined || actions.length === 0) {
    throw new MalformedPolicy(kind === 'trust' ? 'Missing required field Action' : 'Policy statement must contain actions.');
  }
  if (kind === 'trust' && resources !== undefined) throw new MalformedPolicy('Has prohibited field Resource');
  if (kind !== 'trust' && (resources === undefined || resources.length === 0)) throw new MalformedPolicy('Policy statement must contain resources.');
}

/** Reads an element or its `Not…` twin; both at once is a syntax error. */
function oneOf(json: Json, name: string, negated: string): [readonly string[] | undefined, boolean] {
  if (json[name] !== undefined && json[negated] !== undefined) throw syntax();
  const value = json[name] ?? json[negated];
  if (value === undefined) return [undefined, false];
  return [strings(value), json[negated] !== undefined];
}

function readPrincipals(json: Json): Principals | undefined {
  if (json['Principal'] !== undefined && json['NotPrincipal'] !== undefined) throw syntax();
  const value = json['Principal'] ?? json['NotPrincipal'];
  if (value === undefined) return undefined;
  if (value === '*') return '*';
  if (!isObject(value) || Object.keys(value).length === 0) throw syntax();
  return Object.fromEntries(Object.entries(value).map(([type, names]) => [type, strings(names)]));
}

function readConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  if (!isObject(value)) throw syntax();
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (parseOperator(operator) === undefined) throw new MalformedPolicy(`Invalid Condition type : ${operator}.`);
    if (!isObject(keys)) throw syntax();
    return Object.entries(keys).map(([key, values]) => {
      if (!/^[^:\s]+:.+$/.test(key)) throw new MalformedPolicy('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
      return { operator, key, values: scalars(values) };
    });
  });
}

function checkSids(document: PolicyDocument): void {
  const sids = document.statements.map((statement) => statement.sid).filter((sid) => sid !== undefined && sid !== '');
  if (new Set(sids).size !== sids.length) throw new MalformedPolicy('Statement IDs (SID) in a single policy must be unique.');
}

function refuseUnknown(json: Json, known: ReadonlySet<string>): void {
  if (Object.keys(json).some((key) => !known.has(key))) throw syntax();
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function strings(value: unknown): string[] {
  return asList(value).map((one) => {
    if (typeof one !== 'string') throw syntax();
    return one;
  });
}

/** Condition values may be written as numbers and booleans. */
function scalars(value: unknown): string[] {
  return asList(value).map((one) => {
    if (typeof one !== 'string' && typeof one !== 'number' && typeof one !== 'boolean') throw syntax();
    return String(one);
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function syntax(): MalformedPolicy {
  return new MalformedPolicy('Syntax errors in policy.');
}
