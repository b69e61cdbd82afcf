import type { CloudWatchLogsApi } from '@slipway/contracts';
import type { LogGroup } from '@slipway/contracts/cloudwatch-logs';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { whenTaken } from '../../kernel/database/index.ts';
import type { Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import type { Operations } from '../../kernel/service.ts';
import { putTags, removeAllTags, removeTags, tagsOf } from '../../kernel/tags.ts';
import type { RefuseTags, Tag, Tagged } from '../../kernel/tags.ts';
import type { Jobs } from '../../engine/jobs.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import { groupArn, groupOfArn } from './arns.ts';
import { fail, notSupported } from './fail.ts';
import { pagesOf } from './pages.ts';
import type { GroupRow, LogsTables } from './store.ts';

export interface GroupDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'wake'>;
  readonly paging: Paging;
  readonly rows: LogsTables;
}

export const DELETION = 'cloudwatch-logs/deletion';
export const RETENTION = 'cloudwatch-logs/retention';

/** Log groups and their retention. */
export function groups(deps: GroupDeps) {
  const { db, clock, jobs, paging, rows } = deps;

  async function changeGroup(at: Place, name: string, change: (tx: Transaction) => Promise<void>): Promise<void> {
    await db.transaction(async (tx) => {
      if (await rows.lockGroup(tx, at, name) === undefined) throw noGroup();
      await change(tx);
    });
  }

  return {
    async CreateLogGroup(input, call) {
      refuseMembers(input, ['kmsKeyId', 'deletionProtectionEnabled'], notSupported);
      if (input.logGroupClass !== undefined && input.logGroupClass !== 'STANDARD') throw notSupported(`logGroupClass ${input.logGroupClass}`);
      await db.transaction(async (tx) => {
        await rows.insertGroup(tx, newGroup(call, input.logGroupName, clock.now()))
          .catch(whenTaken(() => fail('ResourceAlreadyExistsException', 'The specified log group already exists')));
        await putTags(tx, tagged(call, input.logGroupName), listOf(input.tags), refuseTags);
      });
      return {};
    },

    async DeleteLogGroup({ logGroupName }, call) {
      await changeGroup(call, logGroupName, async (tx) => {
        for (const id of await rows.deleteStreams(tx, call, logGroupName)) await jobs.wake(tx, { kind: DELETION, account: call.account, region: call.region, id });
        await removeAllTags(tx, tagged(call, logGroupName));
        await rows.deleteGroup(tx, call, logGroupName);
      });
      return {};
    },

    async DescribeLogGroups(input, call) {
      refuseMembers(input, ['accountIdentifiers', 'includeLinkedAccounts', 'logGroupIdentifiers'], notSupported);
      if (input.logGroupNamePrefix !== undefined && input.logGroupNamePattern !== undefined) {
        throw fail('InvalidParameterException', 'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
      }
      if (input.logGroupClass !== undefined && input.logGroupClass !== 'STANDARD') return { logGroups: [] };
      const limit = input.limit ?? 50;
      const found: GroupRow[] = [];
      const listing = pagesOf(paging, call, 'DescribeLogGroups', [input.logGroupNamePrefix, input.logGroupNamePattern]);
      let after = String(listing.read(input.nextToken)?.[0] ?? '');
      for (;;) {
        const some = await rows.groups(call, { after, limit: limit + 1, prefix: input.logGroupNamePrefix });
        found.push(...some.filter((row) => matches(row.name, input.logGroupNamePattern)));
        if (some.length <= limit || found.length > limit) break;
        after = (some.at(-1) as GroupRow).name;
      }
      const { page, next } = listing.cut(found, limit, (row) => [row.name]);
      return { logGroups: page.map((row) => shown(row)), nextToken: next };
    },

    async PutRetentionPolicy({ logGroupName, retentionInDays }, call) {
      await changeGroup(call, logGroupName, async (tx) => {
        await rows.updateGroup(tx, call, logGroupName, { retention_days: retentionInDays });
        await jobs.wake(tx, { kind: RETENTION, account: call.account, region: call.region, id: logGroupName });
      });
      return {};
    },

    async DeleteRetentionPolicy({ logGroupName }, call) {
      await changeGroup(call, logGroupName, (tx) => rows.updateGroup(tx, call, logGroupName, { retention_days: null }));
      return {};
    },

    async TagResource({ resourceArn, tags }, call) {
      const name = ownGroup(call, resourceArn);
      await changeGroup(call, name, (tx) => putTags(tx, tagged(call, name), listOf(tags), refuseTags));
      return {};
    },

    async UntagResource({ resourceArn, tagKeys }, call) {
      const name = ownGroup(call, resourceArn);
      await changeGroup(call, name, (tx) => removeTags(tx, tagged(call, name), tagKeys));
      return {};
    },

    async ListTagsForResource({ resourceArn }, call) {
      const name = ownGroup(call, resourceArn);
      if (await rows.group(call, name) === undefined) throw noGroup();
      return { tags: await tagsOf(db.read, tagged(call, name)) };
    },
  } satisfies Partial<Operations<CloudWatchLogsApi>>;
}

export function newGroup(at: Place, name: string, created: number): GroupRow {
  return { account: at.account, region: at.region, name, created, retention_days: null };
}

export function noGroup() {
  return fail('ResourceNotFoundException', 'The specified log group does not exist.');
}

const tagged = (at: Place, group: string): Tagged => ({ account: at.account, arn: groupArn(at, group) });
const listOf = (tags: Readonly<Record<string, string>> = {}): Tag[] => Object.entries(tags).map(([key, value]) => ({ key, value }));
const refuseTags: RefuseTags = (message, fault) => fail(fault === 'tooMany' ? 'TooManyTagsException' : 'InvalidParameterException', message);

function ownGroup(at: Place, arn: string): string {
  const group = groupOfArn(at, arn);
  if (group === undefined) throw fail('InvalidParameterException', '1 validation error detected: The resourceArn is not the ARN of a log group of this account and region.');
  return group;
}

/** A pattern is a part of the name, compared without regard to case. */
function matches(name: string, pattern: string | undefined): boolean {
  return pattern === undefined || name.toLowerCase().includes(pattern.toLowerCase());
}

function shown(row: GroupRow): LogGroup {
  const arn = groupArn(row, row.name);
  return {
    logGroupName: row.name, creationTime: row.created, metricFilterCount: 0, arn: `${arn}:*`, logGroupArn: arn, logGroupClass: 'STANDARD',
    ...(row.retention_days === null ? {} : { retentionInDays: row.retention_days }),
  };
}
