import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Slipway } from '@slipway/testkit';

type Event = Record<string, unknown> & { readonly detail: Record<string, unknown> };

/** A rule whose events land in a log group of its own. */
export async function ruleWithLog(s: Slipway, name: string, rule: { EventPattern?: string; ScheduleExpression?: string; EventBusName?: string }) {
  const logGroupName = `/aws/events/${name}`;
  await s.aws.cloudwatchLogs.createLogGroup({ logGroupName });
  const arn = `arn:aws:logs:${s.region}:${s.account}:log-group:${logGroupName}`;
  const { RuleArn } = await s.aws.eventbridge.putRule({ Name: name, ...rule });
  await s.aws.eventbridge.putTargets({ Rule: name, EventBusName: rule.EventBusName, Targets: [{ Id: 'log', Arn: arn }] });
  return {
    ruleArn: RuleArn!,
    async events(): Promise<Event[]> {
      await s.settled();
      const { events = [] } = await s.aws.cloudwatchLogs.filterLogEvents({ logGroupName });
      return events.map((event) => JSON.parse(event.message ?? '') as Event);
    },
  };
}

export const put = (s: Slipway, Source: string, detail: object, EventBusName?: string, Time?: Date) =>
  s.aws.eventbridge.putEvents({ Entries: [{ Source, DetailType: 'Test', Detail: JSON.stringify(detail), EventBusName, Time }] });

/** A queue that EventBridge may send to for any rule. */
export async function openQueue(s: Slipway, QueueName: string): Promise<{ arn: string; QueueUrl: string }> {
  const { QueueUrl = '' } = await s.aws.sqs.createQueue({ QueueName });
  const arn = `arn:aws:sqs:${s.region}:${s.account}:${QueueName}`;
  const Statement = { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: arn };
  await s.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) } });
  return { arn, QueueUrl };
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

export type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'stall';

/** An HTTP endpoint that keeps what it gets and answers what it is told, in turn; the last answer stays. */
export async function httpSink(...answers: Answer[]) {
  const received: Received[] = [];
  let next = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      const answer = answers[Math.min(next++, answers.length - 1)] ?? { status: 200 };
      if (answer !== 'stall') response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
