/** What AWS's models constrain beyond types. Texts and lists have a length, numbers a value. */
export interface Constraint {
  readonly shortest?: number;
  readonly longest?: number;
  /** Of the whole text, as AWS prints it. */
  readonly pattern?: string;
  readonly least?: number;
  readonly most?: number;
  readonly oneOf?: readonly (string | number)[];
}

/**
 * By operation (`*`: all of them, unless the operation says otherwise) and member: `pipeline.stages.*.member.name`,
 * where `*.member` stands for each entry of a list.
 */
export type Constraints = Readonly<Record<string, Readonly<Record<string, Constraint>>>>;

/** `Value 'a b' at 'name' failed to satisfy constraint: Member must …`. `value`: as it is to be shown, quotes included. */
export function violation(value: string, path: string, rule: string): string {
  return `${value} at '${path}' failed to satisfy constraint: ${rule}`;
}

/** `2 validation errors detected: …; …` */
export function validationErrors(violations: readonly string[]): string {
  return `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${violations.join('; ')}`;
}

/** A room's check of its inputs: throws `refuse(message)`, in AWS's words, with all that is wrong. */
export function constrain(table: Constraints, refuse: (message: string) => Error): (operation: string, input: unknown) => void {
  const rules = new Map<string, readonly Rule[]>();
  return (operation, input) => {
    let own = rules.get(operation);
    if (own === undefined) {
      own = Object.entries({ ...table['*'], ...table[operation] }).map(([member, constraint]) => ({ steps: member.split('.'), constraint }));
      rules.set(operation, own);
    }
    const found: string[] = [];
    for (const rule of own) collect(input, rule, 0, '', found);
    if (found.length > 0) throw refuse(validationErrors(found));
  };
}

interface Rule {
  readonly steps: readonly string[];
  readonly constraint: Constraint;
}

function collect(value: unknown, rule: Rule, at: number, path: string, found: string[]): void {
  if (value === undefined || value === null) return;
  const step = rule.steps[at];
  if (step === undefined) {
    const broke = broken(value, rule.constraint);
    if (broke !== undefined) found.push(violation(`Value '${shown(value)}'`, path, broke));
  } else if (step === '*') {
    // The step behind the star is AWS's word for an entry.
    for (const [index, entry] of (Array.isArray(value) ? value : []).entries()) collect(entry, rule, at + 2, `${path}.${index + 1}.member`, found);
  } else {
    const member = `${step.charAt(0).toLowerCase()}${step.slice(1)}`;
    collect((value as Readonly<Record<string, unknown>>)[step], rule, at + 1, path === '' ? member : `${path}.${member}`, found);
  }
}

function broken(value: unknown, constraint: Constraint): string | undefined {
  const { shortest = 0, longest = Infinity, pattern, least = -Infinity, most = Infinity, oneOf } = constraint;
  if (typeof value === 'string' || Array.isArray(value)) {
    if (value.length < shortest) return `Member must have length greater than or equal to ${shortest}`;
    if (value.length > longest) return `Member must have length less than or equal to ${longest}`;
  }
  if (typeof value === 'string' && pattern !== undefined && !wholly(pattern).test(value)) return `Member must satisfy regular expression pattern: ${pattern}`;
  if (typeof value === 'number' && value < least) return `Member must have value greater than or equal to ${least}`;
  if (typeof value === 'number' && value > most) return `Member must have value less than or equal to ${most}`;
  return oneOf === undefined || oneOf.includes(value as string) ? undefined : `Member must satisfy enum value set: [${oneOf.join(', ')}]`;
}

const compiled = new Map<string, RegExp>();

function wholly(pattern: string): RegExp {
  const known = compiled.get(pattern) ?? new RegExp(`^(?:${pattern})$`);
  compiled.set(pattern, known);
  return known;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  return String(value);
}
