import type { CodeCommitApi } from '@slipway/contracts';
import type { Database } from '../../kernel/database.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { Tag, TagFault } from '../../kernel/tags.ts';
import { repositoryNameIn } from './arns.ts';
import { fail } from './fail.ts';
import { existing } from './lookup.ts';
import { lockRepository } from './store.ts';
import type { RepositoryRow } from './store.ts';

export function tagging({ db }: { db: Database }) {
  return {
    async TagResource(input, call) {
      const row = await resource(db, call, input.resourceArn);
      if (Object.keys(input.tags).length === 0) throw fail('TagsMapRequiredException', 'A map of tags is required.');
      await db.transaction(async (tx) => {
        if (await lockRepository(tx, row, row.repository_id)) await putTags(tx, { account: row.account, arn: input.resourceArn }, tagsIn(input.tags), refuseTags);
      });
      return {};
    },

    async UntagResource(input, call) {
      const row = await resource(db, call, input.resourceArn);
      if (input.tagKeys.length === 0) throw fail('TagKeysListRequiredException', 'A list of tag keys is required.');
      await db.transaction((tx) => removeTags(tx, { account: row.account, arn: input.resourceArn }, input.tagKeys));
      return {};
    },

    /** A repository has at most fifty tags: one page. */
    async ListTagsForResource(input, call) {
      const row = await resource(db, call, input.resourceArn);
      if (input.nextToken) throw fail('ValidationException', 'The specified continuation token is not valid.');
      const tags = await listTags(db.read, { account: row.account, arn: input.resourceArn });
      return { tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])) };
    },
  } satisfies Partial<Operations<CodeCommitApi>>;
}

export const tagsIn = (tags: Readonly<Record<string, string>> | undefined): Tag[] => Object.entries(tags ?? {}).map(([key, value]) => ({ key, value }));

export function refuseTags(message: string, fault: TagFault): Error {
  if (fault === 'tooMany') return fail('TooManyTagsException', message);
  return fail(fault === 'reserved' ? 'InvalidSystemTagUsageException' : 'InvalidTagsMapException', message);
}

async function resource(db: Database, call: Call, arn: string): Promise<RepositoryRow> {
  if (!arn) throw fail('ResourceArnRequiredException', 'The ARN of a repository is required.');
  const name = repositoryNameIn(arn, call);
  if (name === undefined) throw fail('InvalidResourceArnException', 'The value for the resource ARN is not valid.');
  return existing(db, call, name);
}
