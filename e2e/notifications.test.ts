import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanEnvironment, Slipway } from '@slipway/testkit';
import { awsCli, type Cli } from './support/cli.ts';
import { mailSink, type MailSink } from './support/mail.ts';

const minutes = 60_000;
const everything = { Action: '*', Resource: '*' };
const buildspec = (command: string): string => `version: 0.2\nphases:\n  build:\n    commands:\n      - ${command}\n`;

const statement = (service: string | string[], Action: string, Resource: string) => ({ Effect: 'Allow', Principal: { Service: service }, Action, Resource });
const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const action = (name: string, category: 'Source' | 'Deploy', provider: string) => ({ name, actionTypeId: { category, owner: 'AWS' as const, provider, version: '1' } });

/** What an endpoint was sent, and whoever waits for more of it. */
interface Heard {
  readonly url: string;
  until(type: string): Promise<Record<string, string>>;
  close(): Promise<void>;
}

async function listener(): Promise<Heard> {
  const heard: { type: string; json: Record<string, string> }[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      heard.push({ type: String(request.headers['x-amz-sns-message-type']), json: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string> });
      response.end();
      for (const wake of waiting.splice(0)) wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async until(type) {
      for (;;) {
        const found = heard.find((each) => each.type === type);
        if (found) return found.json;
        await new Promise<void>((resolve) => void waiting.push(resolve));
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('Being told, set up with the stock aws CLI', () => {
  let s: Slipway;
  let aws: Cli;
  let mail: MailSink;
  let endpoint: Heard;
  let topic: string;

  beforeAll(async () => {
    mail = await mailSink();
    endpoint = await listener();
    s = await Slipway.start({ runner: 'dummy', allowEndpoints: 'loopback', settings: { SLIPWAY_SMTP_URL: mail.url } });
    const cli = awsCli(cleanEnvironment(s.cliEnvironment()), s.data);
    // Version 1 of the CLI sends `aws sqs` to AWS's own host whatever AWS_ENDPOINT_URL says.
    aws = Object.assign((...args: string[]) => cli(...args, '--endpoint-url', s.endpoint), { run: cli.run });
  }, minutes);

  afterAll(async () => {
    await s.stop();
    await mail.close();
    await endpoint.close();
  });

  test('an alarm on a project\'s failed builds reaches a queue and a mailbox', async () => {
    topic = ((await aws('sns', 'create-topic', '--name', 'alerts')) as { TopicArn: string }).TopicArn;
    const { QueueUrl } = (await aws('sqs', 'create-queue', '--queue-name', 'alerts')) as { QueueUrl: string };
    const queue = `arn:aws:sqs:${s.region}:${s.account}:alerts`;
    await aws('sqs', 'set-queue-attributes', '--queue-url', QueueUrl, '--attributes', JSON.stringify({ Policy: policy({ ...statement('sns.amazonaws.com', 'sqs:SendMessage', queue), Condition: { ArnEquals: { 'aws:SourceArn': topic } } }) }));
    await aws('sns', 'subscribe', '--topic-arn', topic, '--protocol', 'sqs', '--notification-endpoint', queue);
    expect(await aws('sns', 'subscribe', '--topic-arn', topic, '--protocol', 'email', '--notification-endpoint', 'team@example.com')).toEqual({ SubscriptionArn: 'pending confirmation' });
    expect((await fetch(await mail.link('team@example.com'))).status).toBe(200);

    await s.aws.codebuild.createProject({
      name: 'app', serviceRole: await s.role('builder', 'codebuild.amazonaws.com', everything), source: { type: 'NO_SOURCE', buildspec: buildspec('exit 1') }, artifacts: { type: 'NO_ARTIFACTS' },
      environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
    });
    await aws('cloudwatch', 'put-metric-alarm', '--alarm-name', 'app-fails', '--namespace', 'AWS/CodeBuild', '--metric-name', 'FailedBuilds', '--dimensions', 'Name=ProjectName,Value=app',
      '--statistic', 'Sum', '--period', '60', '--evaluation-periods', '1', '--threshold', '1', '--comparison-operator', 'GreaterThanOrEqualToThreshold', '--treat-missing-data', 'notBreaching', '--alarm-actions', topic);
    await aws('codebuild', 'start-build', '--project-name', 'app');
    await s.until(({ detailType, detail }) => detailType === 'CodeBuild Build State Change' && detail['build-status'] === 'FAILED');
    await s.settled();
    await s.clock.advance(2 * minutes);
    expect(await aws('cloudwatch', 'describe-alarm-history', '--alarm-name', 'app-fails', '--history-item-type', 'StateUpdate')).toMatchObject({ AlarmHistoryItems: expect.arrayContaining([expect.objectContaining({ HistorySummary: expect.stringMatching(/to ALARM$/) as string })]) as unknown[] });

    const { Messages } = (await aws('sqs', 'receive-message', '--queue-url', QueueUrl, '--max-number-of-messages', '10')) as { Messages: { Body: string }[] };
    const told = Messages.map(({ Body }) => JSON.parse((JSON.parse(Body) as { Message: string }).Message) as { AlarmName: string; NewStateValue: string; Trigger: object });
    expect(told).toMatchObject([{ AlarmName: 'app-fails', NewStateValue: 'ALARM', Trigger: { MetricName: 'FailedBuilds' } }]);
    expect(await mail.subjects('team@example.com')).toContainEqual(expect.stringContaining('app-fails'));
  }, 5 * minutes);

  test('a rule on a pipeline\'s executions reaches an HTTP endpoint, once it has agreed', async () => {
    await aws('sns', 'set-topic-attributes', '--topic-arn', topic, '--attribute-name', 'Policy', '--attribute-value', policy(
      { Effect: 'Allow', Principal: { AWS: s.account }, Action: 'sns:*', Resource: topic },
      statement(['events.amazonaws.com', 'cloudwatch.amazonaws.com'], 'sns:Publish', topic),
    ));
    await aws('sns', 'subscribe', '--topic-arn', topic, '--protocol', 'http', '--notification-endpoint', endpoint.url);
    expect((await fetch((await endpoint.until('SubscriptionConfirmation'))['SubscribeURL'] ?? '')).status).toBe(200);

    await aws('events', 'put-rule', '--name', 'pipeline-ends', '--event-pattern', JSON.stringify({ source: ['aws.codepipeline'], 'detail-type': ['CodePipeline Pipeline Execution State Change'], detail: { state: ['SUCCEEDED', 'FAILED'] } }));
    await aws('events', 'put-targets', '--rule', 'pipeline-ends', '--targets', `Id=alerts,Arn=${topic}`);
    await s.aws.codecommit.createRepository({ repositoryName: 'app' });
    await s.aws.codecommit.putFile({ repositoryName: 'app', branchName: 'main', filePath: 'page', fileContent: Buffer.from('hello') });
    await s.aws.s3.createBucket({ Bucket: 'store' });
    await s.aws.codepipeline.createPipeline({ pipeline: {
      name: 'app', roleArn: await s.role('carrier', 'codepipeline.amazonaws.com', everything), artifactStore: { type: 'S3', location: 'store' },
      stages: [
        { name: 'Source', actions: [{ ...action('Fetch', 'Source', 'CodeCommit'), configuration: { RepositoryName: 'app', BranchName: 'main' }, outputArtifacts: [{ name: 'Sources' }] }] },
        { name: 'Deploy', actions: [{ ...action('Copy', 'Deploy', 'S3'), configuration: { BucketName: 'store', Extract: 'true' }, inputArtifacts: [{ name: 'Sources' }] }] },
      ],
    } });
    const { Message = '' } = await endpoint.until('Notification');
    expect(JSON.parse(Message)).toMatchObject({ source: 'aws.codepipeline', detail: { pipeline: 'app', state: 'SUCCEEDED' } });
  }, 5 * minutes);
});
