import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { notMeasured, percentile, row, type Row, type RowTerms } from '../measure.ts';
import { clients, region, type Target } from '../server.ts';
import type { Load } from './requests.ts';

const LETTERS = 300;
const WARM_UP = 20;

const latency: RowTerms = { id: 'messages.sns.publish-to-http', unit: 'ms', better: 'lower', aim: 20, aimOf: 'value' };

/** Servers have accounts of their own, and so ARNs. */
const topics = new Map<Target, string>();

export const publishing: Load = {
  terms: { id: 'messages.sns.Publish', unit: 'messages/s', better: 'higher', aim: 3, aimOf: 'ratio' },
  signingName: 'sns',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: (number, target) => new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', TopicArn: topics.get(target) ?? '', Message: `message number ${number}` }).toString(),
  distinct: false,
  async prepare(aws, target) {
    topics.set(target, (await aws.sns.createTopic({ Name: 'bench' })).TopicArn!);
  },
};

/** From the call of Publish until the whole signed message has come to an HTTP endpoint of this machine. */
export async function publishToHttp(target: Target): Promise<Row> {
  let heard: ((body: string) => void) | undefined;
  const sink = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => {
      heard?.(body);
      response.writeHead(200).end();
    });
  });
  const next = () => new Promise<string>((resolve) => (heard = resolve));
  try {
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const { sns } = clients(target);
    const { TopicArn } = await sns.createTopic({ Name: `latency-${region}` });
    const asked = next();
    await sns.subscribe({ TopicArn, Protocol: 'http', Endpoint: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/` });
    const { Token } = JSON.parse(await asked) as { Token: string };
    await sns.confirmSubscription({ TopicArn, Token });
    const took: number[] = [];
    for (let n = 0; n < WARM_UP + LETTERS; n++) {
      const came = next();
      const sent = performance.now();
      await sns.publish({ TopicArn, Message: `message number ${n}` });
      await came;
      if (n >= WARM_UP) took.push(performance.now() - sent);
    }
    return row(latency, { value: percentile(took, 95), n: LETTERS, note: `p95; median ${percentile(took, 50).toFixed(1)} ms` });
  } catch (error) {
    return notMeasured(latency, (error as Error).message);
  } finally {
    sink.closeAllConnections();
    sink.close();
  }
}
