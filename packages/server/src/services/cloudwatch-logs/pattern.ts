import { fail } from './fail.ts';

/**
 * Reads a filter pattern for unstructured events: every plain term must occur (as a part, with regard to case), none
 * with `-` may, and where there are `?` terms at least one of them must. Quotes hold a term together.
 * Patterns over JSON, fields and regular expressions are refused by name.
 */
export function filterPattern(text: string | undefined): (message: string) => boolean {
  const pattern = text?.trim() ?? '';
  if (pattern === '' || pattern === '""') return () => true;
  if (pattern.startsWith('{')) throw fail('InvalidParameterException', 'JSON filter patterns ({ … }) are not supported by Slipway yet');
  if (pattern.startsWith('[')) throw fail('InvalidParameterException', 'Space-delimited filter patterns ([ … ]) are not supported by Slipway yet');
  const terms = split(pattern);
  const of = (sign: string): string[] => terms.filter((term) => term.sign === sign).map((term) => term.text);
  const [all, none, some] = [of(''), of('-'), of('?')];
  return (message) => all.every((term) => message.includes(term)) && !none.some((term) => message.includes(term))
    && (some.length === 0 || some.some((term) => message.includes(term)));
}

const TERM = /\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"%{}[\]]+))(?=\s|$)/y;

function split(pattern: string): { sign: string; text: string }[] {
  const terms: { sign: string; text: string }[] = [];
  TERM.lastIndex = 0;
  while (TERM.lastIndex < pattern.length) {
    const match = TERM.exec(pattern);
    if (match === null) {
      if (pattern.includes('%')) throw fail('InvalidParameterException', 'Regular expressions (%…%) in filter patterns are not supported by Slipway yet');
      throw fail('InvalidParameterException', 'Invalid filter pattern');
    }
    terms.push({ sign: match[1] ?? '', text: match[2]?.replaceAll(/\\(.)/g, '$1') ?? (match[3] as string) });
  }
  return terms;
}
