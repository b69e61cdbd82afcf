/**
 * The one rule of what a request asks for. Tools write out members that nobody set, so these are not asked for: what is
 * undefined, null, false or an empty string; an empty list; an object of which no member is asked for, as in
 * `{ enabled: false, alarms: [] }`. Everything else is, 0 and a list of anything among it.
 */
export function isAskedFor(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return isPlain(value) ? Object.values(value).some(isAskedFor) : true;
}

/**
 * Refuses members that would change what happens and are not honoured, as soon as they are asked for. `refuse` makes the
 * error from the member's name. A structure that is not there has none.
 */
export function refuseMembers<Input extends object>(input: Input | undefined, names: readonly (keyof Input & string)[], refuse: (name: string) => Error): void {
  const asked = input && names.find((name) => isAskedFor(input[name]));
  if (asked !== undefined) throw refuse(asked);
}

/** A structure of a contract; a date or bytes say something whatever they hold. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
