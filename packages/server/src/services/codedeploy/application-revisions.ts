import type { CodeDeployApi } from '@slipway/contracts';
import type { ListApplicationRevisionsInput, RevisionLocation } from '@slipway/contracts/codedeploy';
import type { Operations } from '../../kernel/service.ts';
import { existingApplication } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { fail } from './fail.ts';
import { pagesOf } from './pages.ts';
import { findRevision, listRevisions, putRevision } from './registry-store.ts';
import type { RevisionRow } from './registry-store.ts';
import { checkRevision } from './revisions.ts';

/** What an application's revisions are known of: those registered and those deployed. */
export function applicationRevisions({ db, clock, paging }: RoomDeps) {
  return {
    async RegisterApplicationRevision(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const revision = checkRevision(input.revision);
      await db.transaction((tx) => putRevision(tx, application, revision, { now: clock.now(), used: false, description: input.description }));
      return {};
    },

    async GetApplicationRevision(input, call) {
      const application = await existingApplication(db, call, input.applicationName);
      const row = await findRevision(db, application, checkRevision(input.revision));
      if (row === undefined) throw fail('RevisionDoesNotExistException', 'The revision does not exist.');
      return {
        applicationName: application.name, revision: JSON.parse(row.revision) as typeof input.revision,
        revisionInfo: { description: row.description ?? undefined, registerTime: row.registered, firstUsedTime: row.first_used ?? undefined, lastUsedTime: row.last_used ?? undefined },
      };
    },

    async ListApplicationRevisions({ nextToken, ...chosen }, call) {
      const application = await existingApplication(db, call, chosen.applicationName);
      if (chosen.s3KeyPrefix !== undefined && chosen.s3Bucket === undefined) throw fail('InvalidKeyPrefixFilterException', 'A key prefix needs the bucket that it is about.');
      const pages = pagesOf(paging, call, 'ListApplicationRevisions', chosen);
      const [last] = pages.read(nextToken);
      const rows = sorted(await listRevisions(db, application), chosen);
      // Chosen after the place is found: a deployment meanwhile may have made the last one shown no longer chosen.
      const rest = rows.slice(last === undefined ? 0 : rows.findIndex((row) => row.revision_key === last) + 1).filter((row) => isChosen(row, chosen));
      const { shown, ...more } = pages.cut(rest, (row) => [row.revision_key]);
      return { revisions: shown.map(locationOf), ...more };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

const locationOf = (row: RevisionRow): RevisionLocation => JSON.parse(row.revision) as RevisionLocation;

function isChosen(row: RevisionRow, { s3Bucket, s3KeyPrefix = '', deployed = 'ignore' }: Omit<ListApplicationRevisionsInput, 'nextToken'>): boolean {
  const { bucket, key = '' } = locationOf(row).s3Location ?? {};
  if (s3Bucket !== undefined && (bucket !== s3Bucket || !key.startsWith(s3KeyPrefix))) return false;
  return deployed === 'ignore' || (deployed === 'include') === (row.first_used !== null);
}

const COLUMNS = { registerTime: 'registered', firstUsedTime: 'first_used', lastUsedTime: 'last_used' } as const;

function sorted(rows: readonly RevisionRow[], { sortBy, sortOrder }: Omit<ListApplicationRevisionsInput, 'nextToken'>): readonly RevisionRow[] {
  if (sortBy === undefined) return rows;
  const column = COLUMNS[sortBy];
  const direction = sortOrder === 'descending' ? -1 : 1;
  return rows.toSorted((one, other) => direction * ((one[column] ?? 0) - (other[column] ?? 0)));
}
