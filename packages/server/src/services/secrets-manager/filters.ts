import type { Filter } from '@slipway/contracts/secrets-manager';
import type { Tag } from '../../kernel/tags.ts';
import { invalid } from './fail.ts';
import type { SecretRow } from './store.ts';

/** Whether a secret passes every filter; within one, any value does. Values match beginnings; `!` in front turns one round. */
export function matchesFilters(row: SecretRow, tags: readonly Tag[], filters: readonly Filter[]): boolean {
  return filters.every(({ Key, Values }) => {
    if (Key === undefined || Values === undefined || Values.length === 0) throw invalid('A filter needs a key and at least one value.');
    const texts = textsOf(Key, row, tags);
    return Values.some((value) => (value.startsWith('!') ? !begins(texts, value.slice(1), Key) : begins(texts, value, Key)));
  });
}

function textsOf(key: string, row: SecretRow, tags: readonly Tag[]): readonly string[] {
  switch (key) {
    case 'name': return [row.name];
    case 'description': return [row.description ?? ''];
    case 'tag-key': return tags.map((tag) => tag.key);
    case 'tag-value': return tags.map((tag) => tag.value);
    // Nothing is replicated, and no other service owns secrets.
    case 'primary-region': return [row.region];
    case 'owning-service': return [];
    default: return [row.name, row.description ?? '', ...tags.flatMap((tag) => [tag.key, tag.value])].flatMap((text) => text.split(/[\s/_=.,:;-]+/));
  }
}

/** Names and tags are compared as they are, descriptions and everything at once without regard to case. */
function begins(texts: readonly string[], value: string, key: string): boolean {
  const exact = key !== 'description' && key !== 'all';
  const words = key === 'description' ? texts.flatMap((text) => text.split(/\s+/)) : texts;
  return words.some((text) => (exact ? text.startsWith(value) : text.toLowerCase().startsWith(value.toLowerCase())));
}
