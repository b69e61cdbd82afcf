/** A filter as deployment groups and ListOnPremisesInstances carry it. */
export interface TagFilter {
  readonly Key?: string;
  readonly Value?: string;
  readonly Type?: 'KEY_ONLY' | 'VALUE_ONLY' | 'KEY_AND_VALUE';
}

export interface InstanceTag {
  readonly Key?: string;
  readonly Value?: string;
}

/** What is wrong with a filter, in a sentence for InvalidTagFilterException; undefined when nothing is. */
export function faultOf(filter: TagFilter): string | undefined {
  const type = typeOf(filter);
  if (type === undefined) return 'A tag filter needs a Key, a Value, or both.';
  if (type !== 'VALUE_ONLY' && !filter.Key) return `A tag filter of type ${type} needs a Key.`;
  if (type !== 'KEY_ONLY' && filter.Value === undefined) return `A tag filter of type ${type} needs a Value.`;
  return undefined;
}

/** Without a type, what is given counts. */
function typeOf({ Type, Key, Value }: TagFilter): TagFilter['Type'] {
  if (Type !== undefined) return Type;
  if (Key !== undefined && Value !== undefined) return 'KEY_AND_VALUE';
  if (Key !== undefined) return 'KEY_ONLY';
  return Value === undefined ? undefined : 'VALUE_ONLY';
}

/** One list of filters: an instance with a tag that any of them matches is in. An empty list matches nothing. */
export function matchesAny(filters: readonly TagFilter[], tags: readonly InstanceTag[]): boolean {
  return filters.some((filter) => tags.some((tag) => matches(filter, tag)));
}

/** A set of lists: an instance is in when every list has it. An empty set matches nothing. */
export function matchesSet(lists: readonly (readonly TagFilter[])[], tags: readonly InstanceTag[]): boolean {
  return lists.length > 0 && lists.every((filters) => matchesAny(filters, tags));
}

function matches(filter: TagFilter, tag: InstanceTag): boolean {
  switch (typeOf(filter)) {
    case 'KEY_ONLY': return tag.Key === filter.Key;
    case 'VALUE_ONLY': return tag.Value === filter.Value;
    case 'KEY_AND_VALUE': return tag.Key === filter.Key && tag.Value === filter.Value;
    case undefined: return false;
  }
}
