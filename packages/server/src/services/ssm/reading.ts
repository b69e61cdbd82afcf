import type { SSMApi } from '@slipway/contracts';
import type { Parameter } from '@slipway/contracts/ssm';
import type { Place } from '../../kernel/place.ts';
import type { Operations } from '../../kernel/service.ts';
import { nameIn } from './arns.ts';
import type { SsmDeps } from './deps.ts';
import { noParameter, noVersion } from './fail.ts';
import { filtersByPath, isUnder } from './filters.ts';
import { wantedOf } from './names.ts';
import { pagesOf } from './pages.ts';
import { labelsOf, latestVersion, latestVersions, versionsOf } from './store.ts';
import type { VersionRow } from './store.ts';
import { metadata, shownParameter } from './values.ts';
import type { Values } from './values.ts';

/** Parameters under a path are looked for in runs of this many rows. */
const RUN = 200;

/** Reading parameters and their history. */
export function reading({ db, paging, values }: SsmDeps & { readonly values: Values }) {
  /** @throws ParameterNotFound, ParameterVersionNotFound */
  async function find(at: Place, written: string): Promise<{ row: VersionRow; selector: string | undefined }> {
    const { name, selector } = wantedOf(nameIn(written, at));
    if (selector === undefined) {
      const row = await latestVersion(db.read, at, name);
      if (row === undefined) throw noParameter(name);
      return { row, selector };
    }
    const versions = await versionsOf(db.read, at, name);
    if (versions.length === 0) throw noParameter(name);
    const wanted = selector.slice(1);
    const row = versions.find((one) => String(one.version) === wanted || labelsOf(one).includes(wanted));
    if (row === undefined) throw noVersion(name, wanted);
    return { row, selector };
  }

  const parameter = (row: VersionRow, decrypt: boolean | undefined, selector?: string): Parameter => shownParameter(row, values.shown(row, decrypt), selector);

  return {
    async GetParameter({ Name, WithDecryption }, call) {
      const { row, selector } = await find(call, Name);
      return { Parameter: parameter(row, WithDecryption, selector) };
    },

    async GetParameters({ Names, WithDecryption }, call) {
      const found: Parameter[] = [];
      const missing: string[] = [];
      for (const name of new Set(Names)) {
        const one = await find(call, name).catch((error: Error) => {
          if (error.name !== 'ParameterNotFound' && error.name !== 'ParameterVersionNotFound') throw error;
          return undefined;
        });
        if (one === undefined) missing.push(name);
        else found.push(parameter(one.row, WithDecryption, one.selector));
      }
      return { Parameters: found, InvalidParameters: missing };
    },

    async GetParametersByPath(input, call) {
      const { Path, Recursive = false, ParameterFilters = [], MaxResults = 10 } = input;
      const passes = filtersByPath(ParameterFilters);
      const listing = pagesOf(paging, call, 'GetParametersByPath', [Path, Recursive, ParameterFilters]);
      const found: VersionRow[] = [];
      let after = String(listing.read(input.NextToken)?.[0] ?? '');
      for (let run: VersionRow[]; found.length <= MaxResults; after = run.at(-1)!.name) {
        run = await latestVersions(db.read, call, after, RUN);
        found.push(...run.filter((row) => isUnder(row.name, Path, Recursive) && passes(row)));
        if (run.length < RUN) break;
      }
      const { page, next } = listing.cut(found, MaxResults, (row) => [row.name]);
      return { Parameters: page.map((row) => parameter(row, input.WithDecryption)), NextToken: next };
    },

    async GetParameterHistory(input, call) {
      const name = nameIn(input.Name, call);
      const versions = await versionsOf(db.read, call, name);
      if (versions.length === 0) throw noParameter(name);
      const listing = pagesOf(paging, call, 'GetParameterHistory', [name]);
      const after = Number(listing.read(input.NextToken)?.[0] ?? 0);
      const { page, next } = listing.cut(versions.filter((row) => row.version > after), input.MaxResults ?? 50, (row) => [row.version]);
      return {
        Parameters: page.map((row) => ({ ...metadata(row), Value: values.shown(row, input.WithDecryption), Labels: labelsOf(row) })),
        NextToken: next,
      };
    },
  } satisfies Partial<Operations<SSMApi>>;
}
