import type { SecretsManagerApi } from '@slipway/contracts';
import type { Tag as WrittenTag } from '@slipway/contracts/secrets-manager';
import type { Database } from '../../kernel/database.ts';
import type { Operations } from '../../kernel/service.ts';
import { listTags, putTags, removeTags } from '../../kernel/tags.ts';
import type { RefuseTags, Tag } from '../../kernel/tags.ts';
import { secretArn } from './arns.ts';
import type { SecretsManagerDeps } from './deps.ts';
import { fail, invalid } from './fail.ts';
import { lockUsable } from './lookup.ts';
import type { SecretRow } from './store.ts';

export const refuseTags: RefuseTags = (message, fault) => (fault === 'tooMany' ? fail('LimitExceededException', message) : invalid(message));

export const tagList = (tags: readonly WrittenTag[] = []): Tag[] => tags.map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));

/** The tags of some secrets, to be looked at without waiting. */
export async function secretTags({ read }: Database, rows: readonly SecretRow[]): Promise<(row: SecretRow) => readonly Tag[]> {
  const known = new Map<string, readonly Tag[]>();
  for (const row of rows) known.set(secretArn(row), await listTags(read, { account: row.account, arn: secretArn(row) }));
  return (row) => known.get(secretArn(row)) ?? [];
}

export function tags({ db }: SecretsManagerDeps) {
  return {
    async TagResource({ SecretId, Tags }, call) {
      await db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, SecretId);
        await putTags(tx, { account: row.account, arn: secretArn(row) }, tagList(Tags), refuseTags);
      });
      return {};
    },

    async UntagResource({ SecretId, TagKeys }, call) {
      await db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, SecretId);
        await removeTags(tx, { account: row.account, arn: secretArn(row) }, TagKeys);
      });
      return {};
    },
  } satisfies Partial<Operations<SecretsManagerApi>>;
}
