import type { SSMApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { tagsOf } from '../../kernel/tags.ts';
import { parameterArn } from './arns.ts';
import type { SsmDeps } from './deps.ts';
import { invalid, notSupported } from './fail.ts';
import { describingFilters, olderFilters } from './filters.ts';
import { pagesOf } from './pages.ts';
import { latestVersions } from './store.ts';
import type { VersionRow } from './store.ts';
import { metadata } from './values.ts';

/** Parameters are looked through in runs of this many rows. */
const RUN = 200;

/** Descriptions, which never hold a value. */
export function describing({ db, paging }: SsmDeps) {
  return {
    async DescribeParameters(input, call) {
      const { Filters = [], ParameterFilters = [], MaxResults = 50 } = input;
      if (input.Shared === true) throw notSupported('Shared');
      if (Filters.length > 0 && ParameterFilters.length > 0) throw invalid('You can use either Filters or ParameterFilters in a single request.');
      const filters = [...olderFilters(Filters), ...ParameterFilters];
      const tags = new Map<string, Record<string, string>>();
      const passes = describingFilters(filters, (row) => tags.get(row.name) ?? {});
      const byTag = filters.some(({ Key }) => Key.startsWith('tag:'));
      const listing = pagesOf(paging, call, 'DescribeParameters', [filters]);
      const found: VersionRow[] = [];
      let after = String(listing.read(input.NextToken)?.[0] ?? '');
      for (let run: VersionRow[]; found.length <= MaxResults; after = run.at(-1)!.name) {
        run = await latestVersions(db.read, call, after, RUN);
        if (byTag) for (const row of run) tags.set(row.name, await tagsOf(db.read, { account: call.account, arn: parameterArn(call, row.name) }));
        found.push(...run.filter(passes));
        if (run.length < RUN) break;
      }
      const { page, next } = listing.cut(found, MaxResults, (row) => [row.name]);
      return { Parameters: page.map((row) => ({ ...metadata(row), ARN: parameterArn(row, row.name) })), NextToken: next };
    },
  } satisfies Partial<Operations<SSMApi>>;
}
