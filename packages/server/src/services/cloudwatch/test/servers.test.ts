import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../../../testkit/src/clock.ts';
import { createJobs, createOutbox, engineMigrations } from '../../../engine/index.ts';
import type { Jobs, Outbox, StoredEvent } from '../../../engine/index.ts';
import type { Database } from '../../../kernel/database.ts';
import { describeDatabases } from '../../../kernel/database/suite.ts';
import type { Scratch } from '../../../kernel/database/suite.ts';
import { silent } from '../../../kernel/log.ts';
import { kernelMigrations } from '../../../kernel/migrations.ts';
import { createPaging } from '../../../kernel/paging.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { Call } from '../../../kernel/service.ts';
import { metricMigrations, openMetrics } from '../../../metrics/index.ts';
import { createCloudWatch } from '../index.ts';
import type { CloudWatchRoom } from '../index.ts';

const MINUTE = 60_000;
const call = { account: '1', region: 'us-east-1', once: undefined } as Call;

const migrate = (db: Database, room: CloudWatchRoom) => db.migrate([...kernelMigrations, ...engineMigrations, ...metricMigrations, ...room.migrations]);

interface Server {
  readonly room: CloudWatchRoom;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
}

describeDatabases('Alarms of two servers', (makeScratch) => {
  let scratch: Scratch;
  let clock: FakeClock;
  let servers: Server[];
  let told: { once: string | undefined; subject: string | undefined }[];
  let events: StoredEvent[];

  async function server(): Promise<Server> {
    const db = await scratch.open();
    const jobs = createJobs({ db, clock, log: silent });
    const outbox = createOutbox({ db, clock, log: silent });
    outbox.deliverTo(async (event) => void events.push(event));
    const sns = { async Publish(input: { Subject?: string }, { once }: { once?: string }) {
      told.push({ once, subject: input.Subject });
      return { MessageId: '1' };
    } };
    const metrics = openMetrics({ db, clock, jobs });
    const peers = { as: () => ({ sns }) } as unknown as Peers;
    const room = createCloudWatch({ db, clock, jobs, outbox, paging: createPaging(Buffer.alloc(32)), peers, log: silent, metrics });
    await migrate(db, room);
    await outbox.start();
    await room.start!();
    await jobs.start();
    return { room, jobs, outbox };
  }

  const run = (operation: string, input: object, on = servers[0]!) => on.room.service.operations[operation]!(input as never, call) as Promise<Record<string, unknown>>;

  beforeEach(async () => {
    scratch = await makeScratch();
    clock = new FakeClock(Date.UTC(2030, 0, 1));
    told = [];
    events = [];
    servers = [await server(), await server()];
    clock.settleWith(async () => {
      for (let calm = 0; calm < 3; calm++) for (const { jobs, outbox } of servers) {
        await jobs.idle();
        await outbox.idle();
      }
    });
  });
  afterEach(async () => {
    for (const { jobs, outbox } of servers) {
      await jobs.stop();
      await outbox.stop();
    }
    await scratch.remove();
  });

  it('change the state once, tell the topic once and send one event, though both look', async () => {
    await run('PutMetricAlarm', {
      AlarmName: 'shared', Namespace: 'Shop', MetricName: 'Errors', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1, Threshold: 10, ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching', AlarmActions: ['arn:aws:sns:us-east-1:1:topic'],
    });
    await clock.advance(2 * MINUTE);
    const measure = { MetricName: 'Errors', Value: 11, Timestamp: clock.now() - MINUTE };
    await run('PutMetricData', { Namespace: 'Shop', MetricData: [measure] }, servers[1]);
    await clock.advance(2 * MINUTE);
    expect(events.map(({ detail }) => (detail['state'] as { value: string }).value)).toEqual(['OK', 'ALARM']);
    expect(told).toMatchObject([{ subject: 'ALARM: "shared" in US East (N. Virginia)' }]);
    const { AlarmHistoryItems: items } = await run('DescribeAlarmHistory', { AlarmName: 'shared', ScanBy: 'TimestampAscending' }, servers[1]);
    expect((items as { HistorySummary: string }[]).map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm "shared" created', 'Alarm updated from INSUFFICIENT_DATA to OK', 'Alarm updated from OK to ALARM', 'Successfully executed action arn:aws:sns:us-east-1:1:topic',
    ]);
  });

  it('list a metric until it had no data for two weeks', async () => {
    await run('PutMetricData', { Namespace: 'Shop', MetricData: [{ MetricName: 'Errors', Value: 1 }] });
    expect(await run('ListMetrics', {}, servers[1])).toMatchObject({ Metrics: [{ MetricName: 'Errors' }] });
    clock.settleWith(async () => {});
    await clock.advance(15 * 24 * 60 * MINUTE);
    expect(await run('ListMetrics', {})).toMatchObject({ Metrics: [] });
  });

  it('take a report of another room once', async () => {
    const report = { account: '1', region: 'us-east-1', namespace: 'AWS/CodeBuild', once: 'build/1', data: [{ name: 'Builds', dimensions: { ProjectName: 'p' }, timestamp: clock.now(), value: 1, unit: 'Count' }] };
    await Promise.all(servers.flatMap(({ room }) => [room.metrics.record(report), room.metrics.record(report)]));
    const { Datapoints: points } = await run('GetMetricStatistics', { Namespace: 'AWS/CodeBuild', MetricName: 'Builds', Dimensions: [{ Name: 'ProjectName', Value: 'p' }], StartTime: clock.now() - MINUTE, EndTime: clock.now() + MINUTE, Period: 60, Statistics: ['Sum'] });
    expect(points).toMatchObject([{ Sum: 1, Unit: 'Count' }]);
  });
});
