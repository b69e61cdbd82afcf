import type { CodeDeployApi } from '@slipway/contracts';
import type { Tag as ApiTag } from '@slipway/contracts/codedeploy';
import { parseArn } from '../../kernel/arn.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeAllTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags, Tag, Tagged } from '../../kernel/tags.ts';
import type { Place } from '../../kernel/place.ts';
import { existingApplication, existingGroup } from './deps.ts';
import type { RoomDeps } from './deps.ts';
import { fail } from './fail.ts';

export const refuseTags: RefuseTags = (message) => fail('InvalidTagsToAddException', message);

/** CodeDeploy's tags may lack their value. */
export const plainTags = (tags: readonly ApiTag[] = []): readonly Tag[] => tags.map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));

export const tagged = ({ account }: Place, arn: string): Tagged => ({ account, arn });

/** A resource whose ARN changes with its name takes its tags along. */
export async function moveTags(tx: Transaction, place: Place, from: string, to: string): Promise<void> {
  const tags = await listTags(tx.query, tagged(place, from));
  await removeAllTags(tx, tagged(place, from));
  await putTags(tx, tagged(place, to), tags, refuseTags);
}

/** Tags of applications and deployment groups; instances have operations of their own. */
export function tags({ db }: RoomDeps) {
  return {
    async TagResource(input, call) {
      const resource = await existingResource(db, call, input.ResourceArn);
      if (input.Tags.length === 0) throw fail('TagRequiredException', 'A tag is required.');
      await db.transaction((tx) => putTags(tx, resource, plainTags(input.Tags), refuseTags));
      return {};
    },

    async UntagResource(input, call) {
      const resource = await existingResource(db, call, input.ResourceArn);
      await db.transaction((tx) => removeTags(tx, resource, input.TagKeys));
      return {};
    },

    /** All on one page: a resource has 50 at most. */
    async ListTagsForResource(input, call) {
      if (input.NextToken !== undefined) throw fail('ValidationException', 'The next token is not valid.');
      const found = await listTags(db.read, await existingResource(db, call, input.ResourceArn));
      return { Tags: found.map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  } satisfies Partial<Operations<CodeDeployApi>>;
}

async function existingResource(db: Database, call: Call, text: string): Promise<Tagged> {
  if (text === '') throw fail('ResourceArnRequiredException', 'The ARN of the resource is required.');
  const arn = parseArn(text);
  if (arn === undefined || arn.service !== 'codedeploy' || arn.account !== call.account || arn.region !== call.region) throw fail('InvalidArnException', `The ARN is not valid: ${text}`);
  const [, type, name = ''] = /^([a-z]+):(.+)$/.exec(arn.resource) ?? [];
  if (type !== 'application' && type !== 'deploymentgroup') throw fail('ArnNotSupportedException', `Resources of this kind cannot be tagged: ${text}`);
  const [application, group] = name.split('/');
  const row = await existingApplication(db, call, application);
  if (type === 'deploymentgroup') await existingGroup(db, row, group);
  return tagged(call, text);
}
