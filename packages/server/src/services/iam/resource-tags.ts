import type { Tag } from '@slipway/contracts/iam';
import type { Database, Transaction } from '../../kernel/database.ts';
import { checkTags, putTags, removeAllTags, removeTags, tagsOf } from '../../kernel/tags.ts';
import type { RefuseTags } from '../../kernel/tags.ts';
import { fail } from './fail.ts';

type TagMap = Readonly<Record<string, string>>;

/** Every resource's tags, by ARN: IAM keeps its own there and reads the others' for `aws:ResourceTag`. */
export interface ResourceTags {
  get(account: string, arn: string): Promise<TagMap>;
  put(tx: Transaction, account: string, arn: string, tags: TagMap): Promise<void>;
  /** All of them when no keys are given. */
  remove(tx: Transaction, account: string, arn: string, keys?: readonly string[]): Promise<void>;
}

export function resourceTags(db: Database): ResourceTags {
  return {
    get: (account, arn) => tagsOf(db.read, { account, arn }),
    put: (tx, account, arn, tags) => putTags(tx, { account, arn }, Object.entries(tags).map(([key, value]) => ({ key, value })), refuse),
    remove: (tx, account, arn, keys) => (keys === undefined ? removeAllTags(tx, { account, arn }) : removeTags(tx, { account, arn }, keys)),
  };
}

export function toTags(tags: TagMap): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value })).toSorted((a, b) => (a.Key < b.Key ? -1 : 1));
}

/** IAM's tag keys differ by more than case, beside AWS's common rules. */
export function fromTags(tags: readonly Tag[] | undefined): Record<string, string> {
  const list = (tags ?? []).map(({ Key, Value }) => ({ key: Key, value: Value }));
  if (new Set(list.map((tag) => tag.key.toLowerCase())).size !== list.length) {
    throw fail('InvalidInputException', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  checkTags(list, refuse);
  return Object.fromEntries(list.map((tag) => [tag.key, tag.value]));
}

const refuse: RefuseTags = (message, fault) => fail(fault === 'tooMany' ? 'LimitExceededException' : 'InvalidInputException', message);
