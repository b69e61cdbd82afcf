/** Shorter values are not masked: they would tear ordinary words apart. */
export const SHORTEST_SECRET = 6;

const MASK = '***';

/** Replaces secret values in a stream of text, also where one lies across the border of two chunks. */
export interface Masker {
  /** The masked text that is certain by now; what may be the beginning of a secret is held back. */
  push(chunk: string): string;
  /** What was held back, when no more is to come. */
  flush(): string;
}

/** A masker for these values. Where two values overlap, the longer one wins. */
export function createMasker(secrets: Iterable<string>): Masker {
  const values = [...new Set(secrets)].filter((value) => value.length >= SHORTEST_SECRET).toSorted((a, b) => b.length - a.length);
  if (values.length === 0) return { push: (chunk) => chunk, flush: () => '' };
  const pattern = new RegExp(values.map((value) => value.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'g');
  let held = '';

  /** The earliest place from which the rest of the text could still become a secret. */
  function firstOpenEnd(text: string): number {
    const longest = (values[0]?.length ?? 0) - 1;
    for (let at = Math.max(0, text.length - longest); at < text.length; at += 1) {
      const rest = text.slice(at);
      if (values.some((value) => value.length > rest.length && value.startsWith(rest))) return at;
    }
    return text.length;
  }

  return {
    push(chunk) {
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
