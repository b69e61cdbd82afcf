import { isObject } from '../../../patterns/pattern.ts';
import type { Json } from '../../../patterns/pattern.ts';
import { LIMITS } from '../limits.ts';

/** What of an event a target gets: at most one of the three; none means the whole event. */
export interface InputChoice {
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  readonly InputTransformer?: { readonly InputPathsMap?: Readonly<Record<string, string>> | undefined; readonly InputTemplate: string | undefined } | undefined;
}

export interface TransformContext {
  readonly ruleArn: string;
  readonly ruleName: string;
  /** ms UTC */
  readonly ingestionTime: number;
}

/** A target's input that cannot be read; the message says why. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}

type Step = { readonly key: string } | { readonly index: number } | 'all';

/** The text that the target receives. */
export function targetInput(choice: InputChoice, event: Json, context: TransformContext): string {
  if (choice.Input !== undefined) return choice.Input;
  if (choice.InputPath !== undefined) return JSON.stringify(select(parsePath(choice.InputPath), event) ?? null);
  if (choice.InputTransformer === undefined) return JSON.stringify(event);
  const { InputPathsMap: paths = {}, InputTemplate: template = '' } = choice.InputTransformer;
  const values = new Map<string, unknown>(Object.entries(paths).map(([name, path]) => [name, select(parsePath(path), event)]));
  values.set('aws.events.rule-arn', context.ruleArn);
  values.set('aws.events.rule-name', context.ruleName);
  values.set('aws.events.event.ingestion-time', new Date(context.ingestionTime).toISOString());
  values.set('aws.events.event', Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'detail')));
  values.set('aws.events.event.json', event);
  return fill(template, values);
}

/** The value under a path like `$.detail.state`; undefined when the event has none. Throws `InvalidInput`. */
export const valueAt = (path: string, event: Json): unknown => select(parsePath(path), event);

/** Refuses at PutTargets what could only fail at delivery. Throws `InvalidInput`. */
export function checkInput(choice: InputChoice): void {
  const given = [choice.Input, choice.InputPath, choice.InputTransformer].filter((one) => one !== undefined);
  if (given.length > 1) throw new InvalidInput('Only one of Input, InputPath, or InputTransformer must be provided for target');
  if (choice.Input !== undefined && !isJson(choice.Input)) throw new InvalidInput('JSON syntax error in input for target');
  if (choice.InputPath !== undefined) parsePath(choice.InputPath);
  const transformer = choice.InputTransformer;
  if (transformer === undefined) return;
  const paths = Object.entries(transformer.InputPathsMap ?? {});
  if (paths.length > LIMITS.inputPaths) throw new InvalidInput(`InputPathsMap must have at most ${LIMITS.inputPaths} entries`);
  for (const [name, path] of paths) {
    if (/^aws\./i.test(name)) throw new InvalidInput(`InputPathsMap key ${name} must not start with AWS`);
    parsePath(path);
  }
  const known = new Set([...paths.map(([name]) => name), 'aws.events.rule-arn', 'aws.events.rule-name', 'aws.events.event.ingestion-time', 'aws.events.event', 'aws.events.event.json']);
  for (const [, name] of (transformer.InputTemplate ?? '').matchAll(PLACEHOLDER)) {
    if (!known.has(name!)) throw new InvalidInput(`Invalid InputTemplate: placeholder <${name}> is not in InputPathsMap`);
  }
}

const PLACEHOLDER = /<([A-Za-z0-9_.-]+)>/g;

/**
 * Puts values in place of `<name>`: as JSON where the template is bare, as text inside a JSON string.
 * A path that the event lacks is `null`, or nothing inside a string.
 */
function fill(template: string, values: ReadonlyMap<string, unknown>): string {
  let out = '';
  let from = 0;
  let quoted = false;
  for (const found of template.matchAll(PLACEHOLDER)) {
    const before = template.slice(from, found.index);
    quoted = endsQuoted(before, quoted);
    const value = values.get(found[1]!);
    out += before + (quoted ? insideString(value) : JSON.stringify(value ?? null));
    if (out.length > LIMITS.inputSize) throw new InvalidInput(`The input that InputTemplate makes is longer than ${LIMITS.inputSize} characters`);
    from = found.index + found[0].length;
  }
  return out + template.slice(from);
}

function endsQuoted(text: string, quoted: boolean): boolean {
  let inside = quoted;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && inside) at++;
    else if (text[at] === '"') inside = !inside;
  }
  return inside;
}

function insideString(value: unknown): string {
  if (value === undefined) return '';
  return JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)).slice(1, -1);
}

/** `$`, `$.detail.state`, `$.detail['build-id']`, `$.resources[0]`, `$.detail.list[*].name`. */
function parsePath(text: string): readonly Step[] {
  const steps: Step[] = [];
  if (!text.startsWith('$')) throw new InvalidInput(`Invalid JSON path: ${text}`);
  const step = /\.([A-Za-z0-9_@/-]+)|\[(\d+)\]|\[\*\]|\['([^']*)'\]|\["([^"]*)"\]/y;
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const found = step.exec(text);
    if (found === null) throw new InvalidInput(`Invalid JSON path: ${text}`);
    const key = found[1] ?? found[3] ?? found[4];
    steps.push(key !== undefined ? { key } : found[2] !== undefined ? { index: Number(found[2]) } : 'all');
  }
  return steps;
}

function select(steps: readonly Step[], value: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (step === 'all') return Array.isArray(value) ? value.map((one) => select(rest, one)) : undefined;
  if ('index' in step) return Array.isArray(value) ? select(rest, value[step.index]) : undefined;
  return isObject(value) && Object.hasOwn(value, step.key) ? select(rest, value[step.key]) : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
