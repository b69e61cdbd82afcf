/** The policy engine: reads, checks, compiles and evaluates policies. Pure; used by enforcement and simulation alike. */
export { compilePolicy, prepare } from './compile.ts';
export type { CompiledPolicy, PreparedRequest } from './compile.ts';
export type { ContextLookup } from './conditions.ts';
export { MalformedPolicy } from './document.ts';
export type { PolicyDocument, PolicyKind, Statement } from './document.ts';
export { evaluate } from './evaluate.ts';
export type { Decision, Policies, PolicyType, StatementRef } from './evaluate.ts';
export { refusal } from './message.ts';
export { parsePolicy } from './parse.ts';
export type { RequestPrincipal } from './principal.ts';
