import { CodeBuildClient, BatchGetBuildsCommand, CreateProjectCommand, ListProjectsCommand } from '@aws-sdk/client-codebuild';
import { CloudWatchLogsClient, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CodeCommitClient, GetBlobCommand, GetRepositoryCommand, PutFileCommand } from '@aws-sdk/client-codecommit';
import { CodePipelineClient, CreatePipelineCommand } from '@aws-sdk/client-codepipeline';
import { EventBridgeClient, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { signRequest } from '@slipway/sigv4';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ServiceError } from '../../kernel/errors.ts';
import { permanent, stubServer } from './stub-server.ts';
import type { StubServer } from './stub-server.ts';

let server: StubServer;
let config: { endpoint: string; region: string; credentials: typeof permanent; maxAttempts: number };

beforeAll(async () => {
  server = await stubServer(['codebuild', 'codecommit', 'codepipeline', 'cloudwatch-logs', 'eventbridge', 'iam', 's3', 'codedeploy-commands']);
  config = { endpoint: server.endpoint, region: 'us-east-1', credentials: permanent, maxAttempts: 1 };
});
afterAll(() => server.close());
beforeEach(() => {
  server.answer = {};
  server.heard.length = 0;
});

async function raw(service: string, target: string, body: string): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }> {
  const headers = signRequest({
    method: 'POST', url: `${server.endpoint}/`, body, service, region: 'us-east-1', credentials: permanent, now: Date.now(),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
  });
  const response = await fetch(`${server.endpoint}/`, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Record<string, unknown> };
}

test('awsJson: the SDK reads times, numbers, lists and structures as they were given', async () => {
  const startTime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  server.answer = { builds: [{ id: 'p:1', startTime, buildNumber: 7, phases: [{ phaseType: 'BUILD', durationInSeconds: 2 }], buildComplete: true }], buildsNotFound: [] };
  const answer = await new CodeBuildClient(config).send(new BatchGetBuildsCommand({ ids: ['p:1'] }));
  expect(server.heard).toEqual([{ service: 'codebuild', operation: 'BatchGetBuilds', input: { ids: ['p:1'] } }]);
  expect(answer.builds![0]).toMatchObject({ id: 'p:1', startTime: new Date(startTime), buildNumber: 7, buildComplete: true });
  expect(answer.$metadata).toMatchObject({ httpStatusCode: 200, requestId: 'the-request-id' });
});

test('awsJson: blobs travel both ways', async () => {
  const client = new CodeCommitClient(config);
  const bytes = Uint8Array.of(0, 1, 254, 255);
  await client.send(new PutFileCommand({ repositoryName: 'r', branchName: 'b', filePath: 'f', fileContent: bytes }));
  expect(Buffer.from(server.heard[0]!.input['fileContent'] as Uint8Array)).toEqual(Buffer.from(bytes));
  server.answer = { content: bytes };
  expect((await client.send(new GetBlobCommand({ repositoryName: 'r', blobId: 'b' }))).content).toEqual(bytes);
});

test('awsJson: the same operations arrive for logs, events and pipelines', async () => {
  await new CloudWatchLogsClient(config).send(new PutLogEventsCommand({ logGroupName: 'g', logStreamName: 's', logEvents: [{ timestamp: 5, message: 'm' }] }));
  await new EventBridgeClient(config).send(new PutRuleCommand({ Name: 'r', EventPattern: '{}' }));
  await new CodePipelineClient(config).send(new CreatePipelineCommand({ pipeline: { name: 'p', roleArn: 'arn', stages: [{ name: 'S', actions: [] }] } }));
  expect(server.heard.map(({ service, operation }) => `${service} ${operation}`)).toEqual(['cloudwatch-logs PutLogEvents', 'eventbridge PutRule', 'codepipeline CreatePipeline']);
  expect(server.heard[0]!.input['logEvents']).toEqual([{ timestamp: 5, message: 'm' }]);
});

test('awsJson: a modelled error reaches the SDK under its class, an unknown throw shows nothing', async () => {
  const client = new CodeCommitClient(config);
  server.answer = new ServiceError('RepositoryDoesNotExistException', 'r does not exist');
  await expect(client.send(new GetRepositoryCommand({ repositoryName: 'r' }))).rejects.toMatchObject({
    name: 'RepositoryDoesNotExistException', message: 'r does not exist', $metadata: { httpStatusCode: 400, requestId: 'the-request-id' },
  });
  server.answer = new Error('secret text');
  await expect(client.send(new GetRepositoryCommand({ repositoryName: 'r' }))).rejects.toMatchObject({
    name: 'InternalFailure', message: expect.not.stringContaining('secret') as string, $metadata: { httpStatusCode: 500 },
  });
});

test('awsJson: broken JSON and wrong types are a SerializationException that says where', async () => {
  expect(await raw('codebuild', 'CodeBuild_20161006.ListProjects', '{"sortBy": ')).toMatchObject({ status: 400, json: { __type: 'SerializationException' } });
  const wrong = await raw('codebuild', 'CodeBuild_20161006.BatchGetBuilds', '{"ids": [7]}');
  expect(wrong).toMatchObject({ status: 400, json: { __type: 'SerializationException', message: "NUMBER_VALUE can not be converted to a String at 'ids[0]'" } });
  expect(wrong.headers.get('x-amzn-errortype')).toBe('SerializationException');
  const deep = '{"pipeline":'.repeat(3) + '['.repeat(50_000);
  expect((await raw('codepipeline', 'CodePipeline_20150709.CreatePipeline', deep)).status).toBe(400);
});

test('awsJson: members that the contract does not know are left out, as AWS does', async () => {
  expect((await raw('codebuild', 'CodeBuild_20161006.BatchGetBuilds', '{"ids": [], "later": 1, "__proto__": {"x": 1}}')).status).toBe(200);
  expect(server.heard[0]!.input).toEqual({ ids: [] });
});

test('awsJson: an operation that does not exist is named, even one named like a property of every object', async () => {
  for (const name of ['Frobnicate', 'constructor', '__proto__']) {
    const answer = await raw('codebuild', `CodeBuild_20161006.${name}`, '{}');
    expect(answer).toMatchObject({ status: 400, json: { __type: 'UnknownOperationException', message: expect.stringContaining(name) as string } });
  }
});

test('awsJson: the host agent reaches its commands under both prefixes', async () => {
  for (const prefix of ['CodeDeployCommandService_v20141006', 'CodeDeployCommandService']) {
    expect((await raw('codedeploy-commands', `${prefix}.PollHostCommand`, '{"HostIdentifier":"h"}')).status).toBe(200);
  }
  expect(server.heard).toHaveLength(2);
});

test('validate: names every missing member in AWS\'s words', async () => {
  const client = new CodeBuildClient(config);
  await expect(client.send(new CreateProjectCommand({ name: 'p', artifacts: {} } as never))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(/^\d validation errors detected: .*Value null at 'source' failed to satisfy constraint: Member must not be null.*'artifacts\.type'/) as string,
  });
});

test('validate: names the values that an enum allows', async () => {
  await expect(new CodeBuildClient(config).send(new ListProjectsCommand({ sortOrder: 'UP' as never }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: "1 validation error detected: Value 'UP' at 'sortOrder' failed to satisfy constraint: Member must satisfy enum value set: [ASCENDING, DESCENDING]",
  });
});

test('validate: answers the service\'s own exception for a missing member where it has one', async () => {
  await expect(new CodeCommitClient(config).send(new GetRepositoryCommand({} as never))).rejects.toMatchObject({ name: 'RepositoryNameRequiredException' });
});

test('route: a service that is not here is refused by name', async () => {
  expect(await raw('frobnicator', 'Frobnicator.Do', '{}')).toMatchObject({ status: 501, json: { message: expect.stringContaining("'frobnicator'") as string } });
});

const listing = (limit: string): Promise<{ json: Record<string, unknown> }> => raw('logs', 'Logs_20140328.DescribeLogGroups', `{"limit":${limit}}`);
const putting = (time: string): Promise<{ json: Record<string, unknown> }> =>
  raw('events', 'AWSEvents.PutEvents', `{"Entries":[{"Time":${time},"Source":"s","DetailType":"d","Detail":"{}"}]}`);

test('awsJson and awsQuery: what is no finite number and no date is refused', async () => {
  for (const limit of ['"NaN"', '"Infinity"', '1e999', '"1"']) expect((await listing(limit)).json).toMatchObject({ __type: 'SerializationException' });
  for (const time of ['1e20', '-1e20', '1e300']) expect((await putting(time)).json).toMatchObject({ __type: 'SerializationException' });
  const body = 'Action=ListUsers&Version=2010-05-08&MaxItems=Infinity';
  const headers = signRequest({
    method: 'POST', url: `${server.endpoint}/`, body, service: 'iam', region: 'us-east-1', credentials: permanent, now: Date.now(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(await (await fetch(`${server.endpoint}/`, { method: 'POST', headers, body })).text()).toContain('<Code>MalformedInput</Code>');
  expect(server.heard).toEqual([]);
});

test('awsJson: a fraction is refused where AWS wants an integer, and taken where it does not', async () => {
  expect((await listing('1.5')).json).toEqual({ __type: 'SerializationException', message: "NUMBER_VALUE can not be converted to an Integer at 'limit'" });
  for (const limit of ['9007199254740993', '-1e300']) expect((await listing(limit)).json).toMatchObject({ __type: 'SerializationException' });
  expect(server.heard).toEqual([]);
  await listing('5.0');
  await raw('codebuild', 'CodeBuild_20161006.DescribeCodeCoverages', '{"reportArn":"a","minLineCoveragePercentage":12.5,"maxResults":1}');
  expect(server.heard.map(({ input }) => input)).toEqual([{ limit: 5 }, { reportArn: 'a', minLineCoveragePercentage: 12.5, maxResults: 1 }]);
});

test('awsJson: a body of nothing but brackets is refused before it is parsed', async () => {
  const began = performance.now();
  const { json } = await raw('codebuild', 'CodeBuild_20161006.ListProjects', `{"x":${'['.repeat(3_000_000)}`);
  expect(json).toEqual({ __type: 'SerializationException', message: 'The request is nested too deeply' });
  expect(performance.now() - began).toBeLessThan(3_000);
});
