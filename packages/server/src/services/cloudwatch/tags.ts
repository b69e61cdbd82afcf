import type { CloudWatchApi } from '@slipway/contracts';
import type { Database } from '../../kernel/database.ts';
import type { Place } from '../../kernel/place.ts';
import type { Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags } from '../../kernel/tags.ts';
import { alarmArn, dashboardArn } from './arns.ts';
import { fail, invalid } from './fail.ts';
import { findAlarm } from './store/alarms.ts';
import { findDashboard } from './store/dashboards.ts';
import type { Query } from './store/tables.ts';
import { reading, writing } from './store/tables.ts';

export const refuseTags: RefuseTags = (message) => invalid(message);

/** Throws unless the ARN is of an alarm or a dashboard of the caller's. */
async function needResource(query: Query, place: Place, arn: string): Promise<void> {
  const alarms = alarmArn(place, '');
  const dashboards = dashboardArn(place, '');
  const found = arn.startsWith(alarms) ? await findAlarm(query, place, arn.slice(alarms.length)) : arn.startsWith(dashboards) ? await findDashboard(query, place.account, arn.slice(dashboards.length)) : undefined;
  if (found === undefined) throw fail('ResourceNotFoundException', `The resource ${arn} does not exist.`, { detail: { ResourceId: arn } });
}

export function tagOperations({ db }: { db: Database }) {
  return {
    async TagResource(input, call) {
      await db.transaction(async (tx) => {
        await needResource(writing(tx), call, input.ResourceARN);
        await putTags(tx, { account: call.account, arn: input.ResourceARN }, input.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })), refuseTags);
      });
      return {};
    },

    async UntagResource(input, call) {
      await db.transaction(async (tx) => {
        await needResource(writing(tx), call, input.ResourceARN);
        await removeTags(tx, { account: call.account, arn: input.ResourceARN }, input.TagKeys);
      });
      return {};
    },

    async ListTagsForResource(input, call) {
      await needResource(reading(db), call, input.ResourceARN);
      const tags = await listTags(db.read, { account: call.account, arn: input.ResourceARN });
      return { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  } satisfies Partial<Operations<CloudWatchApi>>;
}
