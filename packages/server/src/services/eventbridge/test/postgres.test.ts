import type { Slipway } from '@slipway/testkit';
import { beforeAll, expect, test } from 'vitest';
import { describeOnPostgres } from '../../../main/test/on-postgres.ts';
import { openQueue, put } from './house.ts';

describeOnPostgres('two servers', (start) => {
  let one: Slipway;
  let two: Slipway;
  beforeAll(async () => {
    one = await start('one');
    two = await start('two');
  });

  const settled = async (): Promise<void> => {
    await one.settled();
    await two.settled();
  };
  const archived = async (): Promise<number | undefined> => {
    await settled();
    return (await two.aws.eventbridge.describeArchive({ ArchiveName: 'all' })).EventCount;
  };

  test('a rule that one server puts is matched by the other, and no event is kept twice', async () => {
    await put(two, 'shared', { before: true });
    await one.aws.eventbridge.createArchive({ ArchiveName: 'all', EventSourceArn: `arn:aws:events:us-east-1:${one.account}:event-bus/default`, EventPattern: '{"source":["shared"]}' });
    await expect.poll(async () => {
      await put(two, 'shared', {});
      return archived();
    }).toBeGreaterThan(0);
    const before = (await archived())!;
    await Promise.all([put(one, 'shared', {}), put(two, 'shared', {}), put(one, 'shared', {}), put(two, 'shared', {})]);
    expect(await archived()).toBe(before + 4);
    expect((await two.aws.eventbridge.listRules({ NamePrefix: 'Events-Archive-' })).Rules).toMatchObject([{ Name: 'Events-Archive-all' }]);
  });

  test('a schedule fires once each time, whichever server is there, and both deliver to one queue', async () => {
    const { arn, QueueUrl } = await openQueue(one, 'ticks');
    await one.aws.eventbridge.putRule({ Name: 'tick', ScheduleExpression: 'rate(5 minutes)' });
    await two.aws.eventbridge.putTargets({ Rule: 'tick', Targets: [{ Id: 'q', Arn: arn }] });
    for (let tick = 0; tick < 3; tick++) await Promise.all([one.clock.advance(5 * 60_000), two.clock.advance(5 * 60_000)]);
    await settled();
    const { Attributes } = await two.aws.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
    expect(Attributes).toEqual({ ApproximateNumberOfMessages: '3' });
  });
});
