import { compileCondition } from './conditions.ts';
import type { ConditionTest, ContextLookup } from './conditions.ts';
import type { PolicyDocument, PolicyKind, Statement } from './document.ts';
import { parsePolicy } from './parse.ts';
import { principalTest } from './principal.ts';
import type { PrincipalMatch, RequestPrincipal } from './principal.ts';
import { arnParts, matches, matchesArn, pattern } from './wildcard.ts';
import type { Pattern } from './wildcard.ts';

/** The request brought to the form that compiled statements read: prepared once, matched often. */
export interface PreparedRequest {
  readonly principal: RequestPrincipal;
  /** Lower case. */
  readonly action: string;
  readonly resource: string;
  readonly resourceParts: readonly string[] | undefined;
  readonly context: ContextLookup;
}

export interface CompiledStatement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** How the statement covers the request's principal; `direct` where the document names no principals. */
  readonly principal: (principal: RequestPrincipal) => PrincipalMatch;
  /** Action, resource and conditions. */
  readonly applies: (request: PreparedRequest) => boolean;
}

export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[];
  /** Lower-case keys that conditions and variables read, so that what is dear to fetch is fetched only when it is asked for. */
  readonly keys: ReadonlySet<string>;
}

export function compile(document: PolicyDocument): CompiledPolicy {
  const variables = document.version === '2012-10-17';
  const keys = new Set<string>();
  return { statements: document.statements.map((statement) => compileStatement(statement, variables, keys)), keys };
}

function compileStatement(statement: Statement, variables: boolean, keys: Set<string>): CompiledStatement {
  const action = actionTest(statement);
  const resource = resourceTest(statement, variables, keys);
  const conditions: readonly ConditionTest[] = statement.conditions.map((condition) => compileCondition(condition, variables, keys));
  return {
    sid: statement.sid,
    effect: statement.effect,
    principal: principalTest(statement),
    applies: (request) => action(request.action) && resource(request) && conditions.every((condition) => condition(request.context)),
  };
}

/** Patterns are kept by their service: a long policy is mostly about other services than the request's. */
function actionTest(statement: Statement): (action: string) => boolean {
  const byService = new Map<string, string[]>();
  const anyService: string[] = [];
  for (const written of statement.actions) {
    const action = written.toLowerCase();
    const wanted = pattern(action, { wildcards: true, variables: false }).resolve(() => undefined) ?? '';
    const service = action.slice(0, action.indexOf(':'));
    if (!action.includes(':') || /[*?]/.test(service)) anyService.push(wanted);
    else byService.set(service, [...(byService.get(service) ?? []), wanted]);
  }
  const covers = (action: string): boolean =>
    byService.get(action.slice(0, action.indexOf(':')))?.some((one) => matches(one, action)) === true || anyService.some((one) => matches(one, action));
  return (action) => covers(action) !== statement.notActions;
}

function resourceTest(statement: Statement, variables: boolean, keys: Set<string>): (request: PreparedRequest) => boolean {
  if (statement.resources.length === 0) return () => true;
  const tests = statement.resources.map((resource) => oneResource(pattern(resource, { wildcards: true, variables }), keys));
  return (request) => tests.some((test) => test(request)) !== statement.notResources;
}

function oneResource(wanted: Pattern, keys: Set<string>): (request: PreparedRequest) => boolean {
  for (const key of wanted.variables) keys.add(key);
  if (wanted.everything) return () => true;
  return (request) => {
    // An action that knows no resources asks for `*`, which only `*` grants.
    if (request.resourceParts === undefined) return false;
    const resolved = wanted.resolve((key) => request.context(key)?.[0]);
    return resolved !== undefined && matchesArn(resolved, request.resourceParts);
  };
}

export function prepare(request: { principal: RequestPrincipal; action: string; resource: string; context: ContextLookup }): PreparedRequest {
  return { ...request, action: request.action.toLowerCase(), resourceParts: arnParts(request.resource) };
}

const CACHE_ENTRIES = 2_000;
const cache = new Map<string, CompiledPolicy>();

/** Parses and compiles a policy's text, remembering the last texts seen: a text is its own cache key, so nothing goes stale. */
export function compilePolicy(text: string, kind: PolicyKind): CompiledPolicy {
  const key = `${kind}\n${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const compiled = compile(parsePolicy(text, kind));
  if (cache.size >= CACHE_ENTRIES) cache.delete(cache.keys().next().value ?? '');
  cache.set(key, compiled);
  return compiled;
}
