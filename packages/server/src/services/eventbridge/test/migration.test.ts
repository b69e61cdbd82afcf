import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../kernel/database/index.ts';
import { migrations } from '../migrations.ts';
import { put } from './house.ts';

const place = { account: '000000000000', region: 'us-east-1' };
const group = '/aws/events/old';
const groupArn = `arn:aws:logs:${place.region}:${place.account}:log-group:${group}`;

type Old = {
  eventbridge_rules: typeof place & { name: string; pattern: string; state: string; description: string | null; created: number };
  eventbridge_targets: typeof place & { rule: string; id: string; arn: string; target: string };
};

/** A data folder as a server left it that knew no other bus than the default one. */
async function oldData(): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-old-'));
  await mkdir(join(data, 'db'), { recursive: true });
  const db = await openDatabase({ file: join(data, 'db', 'slipway.db') });
  await db.migrate(migrations.slice(0, 2));
  await db.transaction(async (tx) => {
    const query = tx.query.withTables<Old>();
    for (const [name, state] of [['old', 'ENABLED'], ['off', 'DISABLED']] as const) {
      await query.insertInto('eventbridge_rules').values({ ...place, name, pattern: '{"source":["before"]}', state, description: `The rule ${name}`, created: 1 }).execute();
      await query.insertInto('eventbridge_targets').values({ ...place, rule: name, id: 'log', arn: groupArn, target: JSON.stringify({ Id: 'log', Arn: groupArn }) }).execute();
    }
  });
  await db.close();
  return data;
}

test('rules from before there were buses are the default bus’s, and still fire', async () => {
  const data = await oldData();
  const s = await Slipway.start({ data });
  try {
    expect((await s.aws.eventbridge.listRules({})).Rules).toMatchObject([
      { Name: 'off', EventBusName: 'default', State: 'DISABLED', Description: 'The rule off' },
      { Name: 'old', EventBusName: 'default', State: 'ENABLED', EventPattern: '{"source":["before"]}' },
    ]);
    expect((await s.aws.eventbridge.listTargetsByRule({ Rule: 'old' })).Targets).toEqual([{ Id: 'log', Arn: groupArn }]);
    await s.aws.cloudwatchLogs.createLogGroup({ logGroupName: group });
    await put(s, 'before', { n: 1 });
    await s.settled();
    const { events = [] } = await s.aws.cloudwatchLogs.filterLogEvents({ logGroupName: group });
    expect(events.map(({ message }) => JSON.parse(message ?? '') as object)).toMatchObject([{ source: 'before', detail: { n: 1 } }]);
  } finally {
    await s.stop();
    await rm(data, { recursive: true, force: true });
  }
});
