import type { ParameterStringFilter, ParametersFilter } from '@slipway/contracts/ssm';
import { fail } from './fail.ts';
import { labelsOf } from './store.ts';
import type { VersionRow } from './store.ts';

export type Filter = (row: VersionRow) => boolean;

/** Whether a parameter lies under a path: at any depth, or right below it. Everything lies under `/`. */
export function isUnder(name: string, path: string, recursive: boolean): boolean {
  const base = path.endsWith('/') ? path : `${path}/`;
  if (base === '/') return recursive || !name.replace(/^\//, '').includes('/');
  return name.startsWith(base) && (recursive || !name.slice(base.length).includes('/'));
}

/** GetParametersByPath filters by Type, KeyId and Label. @throws InvalidFilterKey, InvalidFilterOption, InvalidFilterValue */
export function filtersByPath(filters: readonly ParameterStringFilter[]): Filter {
  return all(filters.map((filter) => {
    switch (filter.Key) {
      case 'Label': return one(filter, labelsOf, ['Equals']);
      case 'Type': return one(filter, (row) => [row.type], TEXTS);
      case 'KeyId': return one(filter, (row) => [row.key_id ?? ''], TEXTS);
      default: throw fail('InvalidFilterKey', `The following filter key is not valid: ${filter.Key}. Valid filter keys include: [Type, KeyId, Label].`);
    }
  }));
}

/** DescribeParameters' filters; `tags`: those of the row. */
export function describingFilters(filters: readonly ParameterStringFilter[], tags: (row: VersionRow) => Readonly<Record<string, string>>): Filter {
  return all(filters.map((filter) => {
    if (filter.Key.startsWith('tag:')) {
      const key = filter.Key.slice('tag:'.length);
      const wanted = filter.Values ?? [];
      option(filter, ['Equals']);
      return (row) => tags(row)[key] !== undefined && (wanted.length === 0 || wanted.includes(tags(row)[key]!));
    }
    switch (filter.Key) {
      case 'Name': return one(filter, (row) => [row.name], [...TEXTS, 'Contains']);
      case 'Path': return under(filter);
      case 'Type': return one(filter, (row) => [row.type], TEXTS);
      case 'KeyId': return one(filter, (row) => [row.key_id ?? ''], TEXTS);
      case 'Tier': return one(filter, (row) => [row.tier], ['Equals']);
      case 'DataType': return one(filter, () => ['text'], ['Equals']);
      default: throw fail('InvalidFilterKey', `The following filter key is not valid: ${filter.Key}. Valid filter keys include: [Path, Name, Type, KeyId, Tier, DataType, tag:key].`);
    }
  }));
}

/** The older form, which knows no options: a value matches the beginning of names, and types and keys whole. */
export function olderFilters(filters: readonly ParametersFilter[]): ParameterStringFilter[] {
  return filters.map(({ Key, Values }) => ({ Key, Values, Option: Key === 'Name' ? 'BeginsWith' : 'Equals' }));
}

const TEXTS = ['Equals', 'BeginsWith'];

const all = (filters: readonly Filter[]): Filter => (row) => filters.every((passes) => passes(row));

function option(filter: ParameterStringFilter, accepted: readonly string[]): string {
  const given = filter.Option ?? accepted[0]!;
  if (!accepted.includes(given)) throw fail('InvalidFilterOption', `The following filter option is not valid: ${given}. Valid options include: [${accepted.join(', ')}].`);
  return given;
}

function values({ Key, Values }: ParameterStringFilter): readonly string[] {
  if (Values === undefined || Values.length === 0) throw fail('InvalidFilterValue', `The following filter values are missing : null for filter key ${Key}.`);
  return Values;
}

function one(filter: ParameterStringFilter, of: (row: VersionRow) => readonly string[], accepted: readonly string[]): Filter {
  const how = option(filter, accepted);
  const wanted = values(filter);
  const matches = (text: string, value: string): boolean =>
    how === 'Equals' ? text === value : how === 'BeginsWith' ? text.replace(/^\//, '').startsWith(value.replace(/^\//, '')) : text.includes(value);
  return (row) => of(row).some((text) => wanted.some((value) => matches(text, value)));
}

function under(filter: ParameterStringFilter): Filter {
  const how = option(filter, ['OneLevel', 'Recursive']);
  const wanted = values(filter);
  return (row) => wanted.some((path) => isUnder(row.name, path, how === 'Recursive'));
}
