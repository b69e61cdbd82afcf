import type { Group } from '../group.ts';
import { notMeasured, percentile, row, type Row, type RowTerms } from '../measure.ts';
import { clients, type Clients, type Target } from '../server.ts';
import { besideMoto, type Load } from './requests.ts';
import { publishing, publishToHttp } from './topics.ts';

const LETTERS = 300;
const WARM_UP = 20;
const FILLED = 64;

const latency: RowTerms = { id: 'messages.sqs.send-to-receive', unit: 'ms', better: 'lower', aim: 20, aimOf: 'value' };
const throughput = (id: string, aim: number): RowTerms => ({ id, unit: 'messages/s', better: 'higher', aim, aimOf: 'ratio' });

const urls = new Map<Target, string>();
const json = (operation: string) => ({ 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` });
const letter = (number: number): string => `a message of some length, as orders and builds have it, number ${number}`;

const loads: Load[] = [
  {
    terms: throughput('messages.sqs.SendMessage', 3),
    signingName: 'sqs',
    headers: json('SendMessage'),
    body: (number, target) => JSON.stringify({ QueueUrl: urls.get(target), MessageBody: letter(number) }),
    distinct: false,
    prepare: createQueue,
  },
  {
    // A timeout of 0 leaves the messages for the next receive.
    terms: throughput('messages.sqs.ReceiveMessage', 3),
    signingName: 'sqs',
    headers: json('ReceiveMessage'),
    body: (_number, target) => JSON.stringify({ QueueUrl: urls.get(target), MaxNumberOfMessages: 1, VisibilityTimeout: 0 }),
    distinct: false,
    prepare: createFilledQueue,
  },
  publishing,
];

/** (h) Messages: from one hand to the other, and how many a second, each on disk before it is answered for. */
export const messages: Group = {
  letter: 'h',
  title: 'messages',
  run: (bench) => besideMoto(bench, loads, async (ours) => [await sendToReceive(ours), await publishToHttp(ours)]),
};

/** From the call of SendMessage until the long poll that waited for it has answered. */
async function sendToReceive(target: Target): Promise<Row> {
  try {
    const { sqs } = clients(target);
    const { QueueUrl } = await sqs.createQueue({ QueueName: 'latency' });
    const took: number[] = [];
    for (let n = 0; n < WARM_UP + LETTERS; n++) {
      const poll = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 });
      const sent = performance.now();
      await sqs.sendMessage({ QueueUrl, MessageBody: letter(n) });
      const { Messages } = await poll;
      if (n >= WARM_UP) took.push(performance.now() - sent);
      await sqs.deleteMessage({ QueueUrl, ReceiptHandle: Messages![0]!.ReceiptHandle });
    }
    return row(latency, { value: percentile(took, 95), n: LETTERS, note: `p95, SDK in one process for both; median ${percentile(took, 50).toFixed(1)} ms` });
  } catch (error) {
    return notMeasured(latency, (error as Error).message);
  }
}

async function createQueue(aws: Clients, target: Target): Promise<void> {
  const { QueueUrl } = await aws.sqs.createQueue({ QueueName: 'bench' });
  urls.set(target, QueueUrl!);
}

async function createFilledQueue(aws: Clients, target: Target): Promise<void> {
  const { QueueUrl } = await aws.sqs.createQueue({ QueueName: 'filled' });
  urls.set(target, QueueUrl!);
  for (let n = 0; n < FILLED; n++) await aws.sqs.sendMessage({ QueueUrl, MessageBody: letter(n) });
}
