import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { describeDatabases } from './database/suite.ts';
import type { Scratch } from './database/suite.ts';
import { kernelMigrations } from './migrations.ts';
import { listTags, putTags, removeTags, replaceTags, tagsOf } from './tags.ts';
import type { Tag, TagFault } from './tags.ts';

const resource = { account: '1', arn: 'arn:aws:codebuild:us-east-1:1:project/p' };
const refuse = (message: string, fault: TagFault): Error => new Error(`${fault}: ${message}`);
const many = (count: number): Tag[] => Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: '' }));

describeDatabases('Tags', (makeScratch) => {
  let scratch: Scratch;
  let db: Database;
  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate(kernelMigrations);
  });
  afterEach(() => scratch.remove());
  const put = (tags: readonly Tag[]) => db.transaction((tx) => putTags(tx, resource, tags, refuse));

  it('adds, replaces by key, removes, and lists sorted by key', async () => {
    await put([{ key: 'b', value: '1' }, { key: 'a', value: '2' }]);
    await put([{ key: 'b', value: '3' }]);
    expect(await tagsOf(db.read, resource)).toEqual({ a: '2', b: '3' });
    await db.transaction((tx) => removeTags(tx, resource, ['a', 'absent']));
    expect(await listTags(db.read, resource)).toMatchObject([{ key: 'b', value: '3' }]);
    await db.transaction((tx) => replaceTags(tx, resource, [{ key: 'c', value: '' }], refuse));
    expect(await tagsOf(db.read, resource)).toEqual({ c: '' });
    expect(await listTags(db.read, { ...resource, account: '2' })).toEqual([]);
  });

  it('refuses the 51st tag of a resource and keeps the 50', async () => {
    await put(many(50));
    await expect(put([{ key: 'one more', value: '' }])).rejects.toThrow('tooMany');
    expect(await listTags(db.read, resource)).toHaveLength(50);
  });

  it('refuses reserved, repeated, empty, over-long and ill-spelled tags', async () => {
    await expect(put([{ key: 'AWS:x', value: '' }])).rejects.toThrow('reserved');
    await expect(put([{ key: 'a', value: '' }, { key: 'a', value: '' }])).rejects.toThrow('duplicate');
    await expect(put([{ key: '', value: '' }])).rejects.toThrow('key');
    await expect(put([{ key: 'k'.repeat(129), value: '' }])).rejects.toThrow('key');
    await expect(put([{ key: 'k', value: 'v'.repeat(257) }])).rejects.toThrow('value');
    await expect(put([{ key: 'k', value: '<>' }])).rejects.toThrow('value');
  });
});
