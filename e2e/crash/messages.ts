import { cp, mkdtemp, rm } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsClients, Slipway, type Aws } from '@slipway/testkit';
import { eventually } from '../support/eventually.ts';
import { fast } from './fast-clock.ts';
import { rootKey } from './observe.ts';
import { hear } from './program.ts';

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const GROUPS = ['even', 'odd'];
const EACH = 5;

/** Every message that a story publishes: to the topic in order, by group, and to the other. */
export const ORDERED = GROUPS.flatMap((group) => Array.from({ length: EACH }, (_, n) => ({ group, body: `${group} ${n}` })));
export const PLAIN = Array.from({ length: EACH }, (_, n) => `plain ${n}`);

/** What an outside observer of one story knows, over all lives of its server. */
export interface World {
  readonly data: string;
  readonly clock: { readonly from: number; readonly times: number } | undefined;
  /** Bodies whose publication was answered. */
  readonly accepted: Set<string>;
  /** Per queue every receive, in order: which message, and what it says. */
  readonly received: Record<string, { readonly id: string; readonly body: string }[]>;
  /** Ids of messages whose deletion was answered. */
  readonly deleted: Set<string>;
  /** Messages that were received after they had been deleted. */
  readonly returned: string[];
  seen?: Seen;
}

/** The alarm at a story's end. */
export interface Seen {
  readonly state: string | undefined;
  readonly changes: readonly string[];
}

const arnOf = (service: string, name: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${name}`;
const urlOf = (endpoint: string, name: string): string => `${endpoint}/${ACCOUNT}/${name}`;

async function makeQueue(aws: Aws, QueueName: string): Promise<string> {
  const Statement = { Effect: 'Allow', Principal: { Service: ['sns.amazonaws.com', 'events.amazonaws.com'] }, Action: 'sqs:SendMessage', Resource: '*' };
  await aws.sqs.createQueue({ QueueName, Attributes: { ...(QueueName.endsWith('.fifo') && { FifoQueue: 'true' }), Policy: JSON.stringify({ Version: '2012-10-17', Statement }) } });
  return arnOf('sqs', QueueName);
}

/** Topics with a queue each, once, in a data folder of which every story gets a copy. */
export async function messagesTemplate(): Promise<string> {
  return template(async (aws) => {
    for (const name of ['orders.fifo', 'orders']) {
      const { TopicArn } = await aws.sns.createTopic({ Name: name, Attributes: name.endsWith('.fifo') ? { FifoTopic: 'true', ContentBasedDeduplication: 'true' } : {} });
      await aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: await makeQueue(aws, name), Attributes: { RawMessageDelivery: 'true' } });
    }
  });
}

/** A rule that is due each minute, to a queue that takes its events and one that refuses them for its dead-letter queue; and an alarm that tells a topic. */
export async function timesTemplate(): Promise<string> {
  return template(async (aws) => {
    const ticks = await makeQueue(aws, 'ticks');
    const letters = await makeQueue(aws, 'letters');
    await aws.sqs.createQueue({ QueueName: 'closed' });
    await aws.eventbridge.putRule({ Name: 'tick', ScheduleExpression: 'rate(1 minute)', State: 'DISABLED' });
    await aws.eventbridge.putTargets({ Rule: 'tick', Targets: [{ Id: 'ticks', Arn: ticks }, { Id: 'closed', Arn: arnOf('sqs', 'closed'), DeadLetterConfig: { Arn: letters } }] });
    const { TopicArn } = await aws.sns.createTopic({ Name: 'alarms' });
    await aws.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: await makeQueue(aws, 'alarms'), Attributes: { RawMessageDelivery: 'true' } });
    await aws.eventbridge.putRule({ Name: 'changes', EventPattern: JSON.stringify({ source: ['aws.cloudwatch'], 'detail-type': ['CloudWatch Alarm State Change'] }) });
    await aws.eventbridge.putTargets({ Rule: 'changes', Targets: [{ Id: 'queue', Arn: await makeQueue(aws, 'changes') }] });
    await aws.cloudwatch.putMetricAlarm({
      AlarmName: 'failures', Namespace: 'Story', MetricName: 'Failures', Statistic: 'Maximum', Period: 10, EvaluationPeriods: 1, Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold', TreatMissingData: 'ignore', AlarmActions: [TopicArn ?? ''],
    });
  });
}

async function template(make: (aws: Aws) => Promise<void>): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-crash-template-'));
  const s = await Slipway.start({ data, runner: 'dummy' });
  try {
    await make(s.aws);
    await s.settled();
  } finally {
    await s.stop();
  }
  return data;
}

export async function copyOf(template: string, times?: number): Promise<World> {
  const data = await mkdtemp(join(tmpdir(), 'slipway-crash-'));
  await cp(template, data, { recursive: true });
  return { data, clock: times === undefined ? undefined : { from: Date.now(), times }, accepted: new Set(), received: {}, deleted: new Set(), returned: [] };
}

export async function remove({ data }: World): Promise<void> {
  await rm(data, { recursive: true, force: true });
}

export const environmentOf = ({ data, clock }: World): Record<string, string> => ({
  SLIPWAY_DATA: data, SLIPWAY_PORT: '0', SLIPWAY_LOG_LEVEL: 'error', ...(clock && { CRASH_CLOCK: fast(clock) }),
  SLIPWAY_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
});

/** A story's server and what to do with it until it dies. */
interface Life {
  readonly aws: Aws;
  readonly endpoint: string;
  readonly isOver: () => boolean;
  /** Until nothing is left to do. */
  settle(): Promise<void>;
}

async function live({ clock }: World, program: ChildProcess, story: (life: Life) => Promise<void>): Promise<void> {
  const heard = hear(program);
  const [, endpoint = ''] = await heard.line(/^Slipway listening on (\S+)$/);
  const { aws, destroy } = awsClients({ endpoint, region: REGION, credentials: rootKey, clockOffset: () => (clock ? (Date.now() - clock.from) * (clock.times - 1) : 0) });
  const settle = async (): Promise<void> => {
    program.kill('SIGUSR2');
    await heard.line(/^Settled$/);
  };
  try {
    await story({ aws, endpoint, isOver: () => program.exitCode !== null || program.signalCode !== null, settle });
  } finally {
    destroy();
  }
}

/** Receives and deletes, one message after the other, until the server dies or there is enough. */
async function consume(world: World, { aws, endpoint, isOver }: Life, queue: string, enough: () => boolean): Promise<void> {
  const QueueUrl = urlOf(endpoint, queue);
  while (!enough() && !isOver()) {
    const { Messages = [] } = await aws.sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 1, VisibilityTimeout: world.clock ? 40 : 2 });
    for (const { MessageId: id = '', Body: body = '', ReceiptHandle } of Messages) {
      (world.received[queue] ??= []).push({ id, body });
      if (world.deleted.has(id)) world.returned.push(body);
      await aws.sqs.deleteMessage({ QueueUrl, ReceiptHandle });
      world.deleted.add(id);
    }
  }
}

/** What was received from a queue, whether or not its deletion was answered: a crash may have come between. */
export const bodiesFrom = (world: World, queue: string): Set<string> => new Set((world.received[queue] ?? []).map(({ body }) => body));

/** One publishes, again whatever was not answered; two receive and delete. */
export const driveMessages = (world: World, program: ChildProcess): Promise<void> =>
  live(world, program, async (life) => {
    const publish = async (TopicArn: string, Message: string, MessageGroupId?: string): Promise<void> => {
      if (world.accepted.has(Message)) return;
      await life.aws.sns.publish({ TopicArn, Message, MessageGroupId });
      world.accepted.add(Message);
    };
    await Promise.all([
      (async () => {
        for (const { group, body } of ORDERED) await publish(arnOf('sns', 'orders.fifo'), body, group);
      })(),
      (async () => {
        for (const body of PLAIN) await publish(arnOf('sns', 'orders'), body);
      })(),
      consume(world, life, 'orders.fifo', () => bodiesFrom(world, 'orders.fifo').size === ORDERED.length),
      consume(world, life, 'orders', () => bodiesFrom(world, 'orders').size === PLAIN.length),
    ]);
    await life.settle();
    // A publication that was done twice left a second message, and a deletion that was not done its message.
    for (const queue of ['orders.fifo', 'orders']) await consume(world, life, queue, empty(life, queue));
  });

/** Answers true once a queue has had nothing to give in one look. */
function empty({ aws, endpoint }: Life, queue: string): () => boolean {
  let left = true;
  void (async () => {
    while (left) {
      const { Attributes } = await aws.sqs.getQueueAttributes({ QueueUrl: urlOf(endpoint, queue), AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] });
      left = Object.values(Attributes ?? {}).some((count) => count !== '0');
    }
  })().catch(() => (left = false));
  return () => !left;
}

const TICKS = 2;

/** Lets the rule fire a few times and the alarm go off once. */
export const driveTimes = (world: World, program: ChildProcess): Promise<void> =>
  live(world, program, async (life) => {
    const { aws } = life;
    const AlarmNames = ['failures'];
    const ticks = (queue: string): number => bodiesFrom(world, queue).size;
    if (ticks('ticks') < TICKS) await aws.eventbridge.enableRule({ Name: 'tick' });
    if (!world.accepted.has('failure')) {
      await aws.cloudwatch.putMetricData({ Namespace: 'Story', MetricData: [{ MetricName: 'Failures', Value: 1, StorageResolution: 1 }] });
      world.accepted.add('failure');
    }
    await Promise.all(['ticks', 'letters'].map((queue) => consume(world, life, queue, () => ticks(queue) >= TICKS)));
    await aws.eventbridge.disableRule({ Name: 'tick' });
    await eventually('the alarm', async () => (life.isOver() || (await aws.cloudwatch.describeAlarms({ AlarmNames, StateValue: 'ALARM' })).MetricAlarms?.length === 1 ? true : undefined), { seconds: 30, every: 100 });
    await life.settle();
    for (const queue of ['ticks', 'letters', 'alarms', 'changes']) await consume(world, life, queue, empty(life, queue));
    const { MetricAlarms } = await aws.cloudwatch.describeAlarms({ AlarmNames });
    const { AlarmHistoryItems = [] } = await aws.cloudwatch.describeAlarmHistory({ AlarmName: 'failures', HistoryItemType: 'StateUpdate' });
    world.seen = { state: MetricAlarms?.[0]?.StateValue, changes: AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary ?? '') };
  });
