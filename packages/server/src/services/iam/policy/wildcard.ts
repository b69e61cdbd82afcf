/** Stands for `*` in a compiled pattern. A policy may hold no character beyond U+00FF, so no literal is mistaken for it. */
const STAR = '\uE000';
/** Stands for `?` in a compiled pattern. */
const ANY = '\uE001';

/** Finds a variable's value in the request: undefined when the request has none. */
export type VariableLookup = (key: string) => string | undefined;

/** A text of a policy with its wildcards and variables found. */
export interface Pattern {
  /** True when the pattern is `*` alone. */
  readonly everything: boolean;
  /** Lower-case keys of the variables in the text. */
  readonly variables: readonly string[];
  /** The text to match with wildcards marked; undefined when a variable has neither value nor default. */
  resolve(lookup: VariableLookup): string | undefined;
}

interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}

/**
 * Reads wildcards and `${…}`. Variables belong to version 2012-10-17; in older documents they are plain text.
 * `${*}`, `${?}` and `${$}` are those characters themselves.
 */
export function pattern(text: string, options: { wildcards: boolean; variables: boolean }): Pattern {
  const parts: (string | Variable)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    const end = character === '$' && options.variables && text[at + 1] === '{' ? text.indexOf('}', at) : -1;
    if (end > 0) {
      const inner = text.slice(at + 2, end).trim();
      at = end;
      if (inner === '*' || inner === '?' || inner === '$') {
        literal += inner;
        continue;
      }
      parts.push(literal, variable(inner));
      literal = '';
    } else if (options.wildcards && character === '*') literal += STAR;
    else if (options.wildcards && character === '?') literal += ANY;
    else literal += character;
  }
  parts.push(literal);
  const variables = parts.filter((part): part is Variable => typeof part !== 'string');
  if (variables.length === 0) {
    const whole = parts.join('');
    return { everything: whole === STAR, variables: [], resolve: () => whole };
  }
  return {
    everything: false,
    variables: variables.map((one) => one.key),
    resolve(lookup) {
      let out = '';
      for (const part of parts) {
        const value = typeof part === 'string' ? part : valueOf(part, lookup);
        if (value === undefined) return undefined;
        out += value;
      }
      return out;
    },
  };
}

function variable(inner: string): Variable {
  const comma = inner.indexOf(',');
  if (comma < 0) return { key: inner.toLowerCase(), fallback: undefined };
  const quoted = /^\s*'(.*)'\s*$/.exec(inner.slice(comma + 1));
  return { key: inner.slice(0, comma).trim().toLowerCase(), fallback: quoted?.[1] };
}

function valueOf(part: Variable, lookup: VariableLookup): string | undefined {
  const value = lookup(part.key) ?? part.fallback;
  // A tag's value may hold any character; it must not turn into a wildcard.
  return value?.replace(/[\uE000\uE001]/g, '\uFFFD');
}

/** Whether `value` matches a resolved pattern. Linear in practice and never exponential: no regular expression is built from a policy. */
export function matches(resolved: string, value: string): boolean {
  const firstStar = resolved.indexOf(STAR);
  if (firstStar < 0 && !resolved.includes(ANY)) return resolved === value;
  if (firstStar === resolved.length - 1 && !resolved.includes(ANY)) return value.startsWith(resolved.slice(0, -1));
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (from < value.length) {
    const wanted = resolved[at];
    if (wanted === STAR) {
      star = at++;
      resume = from;
    } else if (wanted !== undefined && (wanted === ANY || wanted === value[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++resume;
    } else return false;
  }
  while (resolved[at] === STAR) at++;
  return at === resolved.length;
}

/** The six parts of an ARN; the last one keeps its colons. Undefined for a text that is no ARN. */
export function arnParts(text: string): readonly string[] | undefined {
  if (!text.startsWith('arn:')) return undefined;
  const parts: string[] = [];
  let from = 0;
  while (parts.length < 5) {
    const colon = text.indexOf(':', from);
    if (colon < 0) break;
    parts.push(text.slice(from, colon));
    from = colon + 1;
  }
  parts.push(text.slice(from));
  return parts;
}

/**
 * Compares ARNs part by part, so that a wildcard never reaches across the colons of the first five; the last part is
 * matched as a whole (`log-group:x:*`). Parts that the pattern leaves out after a final `*` match anything (`arn:aws:s3*`).
 */
export function matchesArn(resolved: string, value: readonly string[]): boolean {
  if (resolved === STAR) return true;
  const wanted = arnParts(resolved);
  if (wanted === undefined || (wanted.length < 6 && !resolved.endsWith(STAR))) return false;
  return wanted.every((part, index) => matches(part, value[index] ?? ''));
}
