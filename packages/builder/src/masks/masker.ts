import { SHORTEST_SECRET, secretForms } from './forms.ts';

const MASK = '***';

/** Replaces secret values in a stream of text, also where one lies across the border of two chunks. */
export interface Masker {
  /** The masked text that is certain by now; what may be the beginning of a secret is held back. */
  push(chunk: string): string;
  /** What was held back, when no more is to come. */
  flush(): string;
}

/** A masker for these values and for what they are encoded. Where two overlap, the longer one wins. */
export function createMasker(secrets: Iterable<string>): Masker {
  const worth = [...new Set(secrets)].filter((value) => value.length >= SHORTEST_SECRET);
  const values = [...new Set(worth.flatMap(secretForms))].toSorted((a, b) => b.length - a.length);
  if (values.length === 0) return { push: (chunk) => chunk, flush: () => '' };
  const pattern = new RegExp(values.map((value) => value.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'g');
  const longest = (values[0]?.length ?? 0) - 1;
  const byFirst = new Map<string, string[]>();
  for (const value of values) byFirst.set(value[0] ?? '', [...(byFirst.get(value[0] ?? '') ?? []), value]);
  let held = '';

  /** The earliest place from which the rest of the text could still become a secret. */
  function firstOpenEnd(text: string): number {
    for (let at = Math.max(0, text.length - longest); at < text.length; at += 1) {
      const candidates = byFirst.get(text[at] ?? '');
      if (candidates === undefined) continue;
      const rest = text.length - at;
      const open = candidates.some((value) => value.length > rest && value[rest - 1] === text.at(-1) && text.endsWith(value.slice(0, rest)));
      if (open) return at;
    }
    return text.length;
  }

  return {
    push(chunk) {
      if (chunk === '') return '';
      const text = held + chunk;
      const open = firstOpenEnd(text);
      let out = '';
      let from = 0;
      for (const match of text.matchAll(pattern)) {
        // A longer secret may begin before this match and is not whole yet: wait for it.
        if (match.index >= open) break;
        out += text.slice(from, match.index) + MASK;
        from = match.index + match[0].length;
      }
      const until = Math.max(from, open);
      held = text.slice(until);
      return out + text.slice(from, until);
    },
    flush() {
      const rest = held.replace(pattern, MASK);
      held = '';
      return rest;
    },
  };
}
