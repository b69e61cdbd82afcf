import type { Kysely } from 'kysely';
import type { AnyTables, Transaction } from './database.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A resource as tags know it: S3's ARNs carry no account, so it stands beside. */
export interface Tagged {
  readonly account: string;
  readonly arn: string;
}

/** https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices */
const tagLimits = { perResource: 50, key: 128, value: 256, characters: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u, reserved: /^aws:/i } as const;

export type TagFault = 'tooMany' | 'duplicate' | 'key' | 'value' | 'reserved';

/** How a room refuses tags: services differ in the error's name. `message` is in AWS's words. */
export type RefuseTags = (message: string, fault: TagFault) => Error;

type TagTables = {
  tags: { account: string; arn: string; key: string; value: string };
};

/** Adds tags; one with a known key is replaced. */
export async function putTags(tx: Transaction, resource: Tagged, tags: readonly Tag[], refuse: RefuseTags): Promise<void> {
  checkTags(tags, refuse);
  const query = tx.query.withTables<TagTables>();
  for (const { key, value } of tags) {
    await query.insertInto('tags').values({ account: resource.account, arn: resource.arn, key, value })
      .onConflict((conflict) => conflict.columns(['account', 'arn', 'key']).doUpdateSet({ value })).execute();
  }
  const all = await listTags(tx.query, resource);
  if (all.length > tagLimits.perResource) throw tooMany(refuse);
}

/** The resource has exactly these tags afterwards. */
export async function replaceTags(tx: Transaction, resource: Tagged, tags: readonly Tag[], refuse: RefuseTags): Promise<void> {
  await removeAllTags(tx, resource);
  await putTags(tx, resource, tags, refuse);
}

/** Sorted by key. `query` is `db.read` or a transaction's. */
export async function listTags(query: Kysely<AnyTables>, resource: Tagged): Promise<Tag[]> {
  return query.withTables<TagTables>().selectFrom('tags').select(['key', 'value'])
    .where('account', '=', resource.account).where('arn', '=', resource.arn).orderBy('key').execute();
}

/** For `aws:ResourceTag/…` in policies. */
export async function tagsOf(query: Kysely<AnyTables>, resource: Tagged): Promise<Record<string, string>> {
  return Object.fromEntries((await listTags(query, resource)).map(({ key, value }) => [key, value]));
}

/** Keys that the resource does not have are no error, as in AWS. */
export async function removeTags(tx: Transaction, resource: Tagged, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.query.withTables<TagTables>().deleteFrom('tags')
    .where('account', '=', resource.account).where('arn', '=', resource.arn).where('key', 'in', keys).execute();
}

/** Belongs into the transaction that deletes the resource. */
export async function removeAllTags(tx: Transaction, resource: Tagged): Promise<void> {
  await tx.query.withTables<TagTables>().deleteFrom('tags').where('account', '=', resource.account).where('arn', '=', resource.arn).execute();
}

/** AWS's rules for a list of tags by itself. */
export function checkTags(tags: readonly Tag[], refuse: RefuseTags): void {
  if (tags.length > tagLimits.perResource) throw tooMany(refuse);
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (seen.has(key)) throw refuse(`Duplicate tag key: ${key}`, 'duplicate');
    seen.add(key);
    if (tagLimits.reserved.test(key)) throw refuse('aws: prefixed tag key names are not allowed for external use.', 'reserved');
    if (key.length < 1 || key.length > tagLimits.key || !tagLimits.characters.test(key)) throw refuse(`The tag key is not valid: ${key}`, 'key');
    if (value.length > tagLimits.value || !tagLimits.characters.test(value)) throw refuse(`The value of the tag ${key} is not valid`, 'value');
  }
}

function tooMany(refuse: RefuseTags): Error {
  return refuse(`A resource cannot have more than ${tagLimits.perResource} tags`, 'tooMany');
}
