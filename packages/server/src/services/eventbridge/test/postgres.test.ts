import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { postgresScratch, type Scratch } from '../../../kernel/database/suite.ts';
import { openQueue, put } from './house.ts';

const url = process.env['DATABASE_URL'];

if (url === undefined) {
  it.skip('Two servers on PostgreSQL: not run, since no PostgreSQL was given (DATABASE_URL; scripts/with-postgres.mjs starts one)', () => {});
} else {
  describe('two servers on PostgreSQL', () => {
    let scratch: Scratch;
    let data: string;
    let one: Slipway;
    let two: Slipway;

    beforeAll(async () => {
      scratch = await postgresScratch(url);
      data = await mkdtemp(join(tmpdir(), 'slipway-postgres-'));
      const masterKeyFile = join(data, 'given.key');
      await writeFile(masterKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
      const settings = { SLIPWAY_DATABASE_URL: (scratch.options as { url: string }).url, SLIPWAY_MASTER_KEY_FILE: masterKeyFile };
      one = await Slipway.start({ data: join(data, 'one'), settings });
      two = await Slipway.start({ data: join(data, 'two'), settings });
    });

    afterAll(async () => {
      await one.stop();
      await two.stop();
      await scratch.remove();
      await rm(data, { recursive: true, force: true });
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
}
