import type { SecretsManagerApi } from '@slipway/contracts';
import type { SecretVersionsListEntry, SortByType } from '@slipway/contracts/secrets-manager';
import type { Operations } from '../../kernel/service.ts';
import type { Tag } from '../../kernel/tags.ts';
import { secretArn } from './arns.ts';
import type { SecretsManagerDeps } from './deps.ts';
import { matchesFilters } from './filters.ts';
import { existing } from './lookup.ts';
import { pagesOf } from './pages.ts';
import { allSecrets, stagesOf, versionsOf } from './store.ts';
import type { SecretRow, VersionRow } from './store.ts';
import { secretTags } from './tags.ts';

/** What is known of secrets, never their values. */
export function listing({ db, paging }: SecretsManagerDeps) {
  return {
    async DescribeSecret({ SecretId }, call) {
      const row = await existing(db.read, call, SecretId);
      const tags = (await secretTags(db, [row]))(row);
      return { ...described(row, tags), VersionIdsToStages: stagesById(await versionsOf(db.read, row, row.name)) };
    },

    async ListSecrets(input, call) {
      const { Filters = [], MaxResults = 100, SortBy = 'created-date', SortOrder = 'asc', IncludePlannedDeletion = false } = input;
      const all = (await allSecrets(db.read, call)).filter((row) => IncludePlannedDeletion || row.deletion === null);
      const tagsOf = await secretTags(db, all);
      const found = all.filter((row) => matchesFilters(row, tagsOf(row), Filters)).toSorted(order(SortBy, SortOrder === 'desc'));
      const pages = pagesOf(paging, call, 'ListSecrets', [Filters, SortBy, SortOrder, IncludePlannedDeletion]);
      const last = pages.read(input.NextToken)?.[0];
      const behind = last === undefined ? found : found.slice(found.findIndex((row) => row.name === last) + 1);
      const { page, next } = pages.cut(behind, MaxResults, (row) => [row.name]);
      const entries = [];
      for (const row of page) entries.push({ ...described(row, tagsOf(row)), SecretVersionsToStages: stagesById(await versionsOf(db.read, row, row.name)) });
      return { SecretList: entries, NextToken: next };
    },

    async ListSecretVersionIds({ SecretId, IncludeDeprecated = false, MaxResults = 100, NextToken }, call) {
      const row = await existing(db.read, call, SecretId);
      const versions = (await versionsOf(db.read, row, row.name)).filter((version) => IncludeDeprecated || stagesOf(version).length > 0);
      const pages = pagesOf(paging, call, 'ListSecretVersionIds', [secretArn(row), IncludeDeprecated]);
      const { page, next } = pages.within(versions.toSorted((a, b) => (a.id < b.id ? -1 : 1)), NextToken, MaxResults, (version) => version.id);
      return { ARN: secretArn(row), Name: row.name, Versions: page.map(shownVersion), NextToken: next };
    },
  } satisfies Partial<Operations<SecretsManagerApi>>;
}

function described(row: SecretRow, tags: readonly Tag[]) {
  return {
    ARN: secretArn(row), Name: row.name, RotationEnabled: false, CreatedDate: row.created, LastChangedDate: row.changed,
    Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })),
    ...(row.description !== null && { Description: row.description }),
    ...(row.accessed !== null && { LastAccessedDate: row.accessed }),
    ...(row.deletion !== null && { DeletedDate: row.deletion }),
  };
}

const stagesById = (versions: readonly VersionRow[]): Record<string, string[]> =>
  Object.fromEntries(versions.map((row) => [row.id, stagesOf(row)] as const).filter(([, stages]) => stages.length > 0));

const shownVersion = (row: VersionRow): SecretVersionsListEntry => ({
  VersionId: row.id, VersionStages: stagesOf(row), CreatedDate: row.created, KmsKeyIds: ['DefaultEncryptionKey'], ...(row.accessed !== null && { LastAccessedDate: row.accessed }),
});

const KEYS: Readonly<Record<SortByType, (row: SecretRow) => string | number>> = {
  name: (row) => row.name,
  'created-date': (row) => row.created,
  'last-changed-date': (row) => row.changed,
  'last-accessed-date': (row) => row.accessed ?? 0,
};

/** Equal times are told apart by the name. */
function order(by: SortByType, descending: boolean): (a: SecretRow, b: SecretRow) => number {
  const key = KEYS[by];
  const compare = (a: SecretRow, b: SecretRow): number => {
    if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1;
    return a.name < b.name ? -1 : 1;
  };
  return descending ? (a, b) => compare(b, a) : compare;
}
