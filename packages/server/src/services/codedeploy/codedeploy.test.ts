import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CodeDeployApi } from '@slipway/contracts';
import { startAgent } from '@slipway/agent';
import type { Agent } from '@slipway/agent';
import { revision, tarOf } from '@slipway/agent/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJobs, createOutbox, engineMigrations } from '../../engine/index.ts';
import type { StoredEvent } from '../../engine/index.ts';
import type { Caller } from '../../kernel/caller.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { openDatabase } from '../../kernel/database/index.ts';
import { silent } from '../../kernel/log.ts';
import { kernelMigrations } from '../../kernel/migrations.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { createCodeDeploy } from './index.ts';
import type { notYet } from './not-yet.ts';

const account = '111122223333';
const arnOf = (name: string): string => `arn:aws:iam::${account}:user/${name}`;
const callerOf = (name: string): Caller => ({ account, arn: arnOf(name), userId: name, kind: 'user', principalArn: arnOf(name) });
const callOf = (name: string, signal = new AbortController().signal): Call =>
  ({ caller: callerOf(name), account, region: 'us-east-1', requestId: 'r', endpoint: 'http://x', secure: false, signal, headers: {} });

type Api = Operations<CodeDeployApi, (typeof notYet)[number]>;
let folder: string;
let db: Database;
let api: Api;
let stop: (() => Promise<void>)[];
let port: number;
let events: StoredEvent[];
let delivered: () => Promise<void>;
let bundle: Buffer;
let room: ReturnType<typeof createCodeDeploy>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-codedeploy-'));
  db = await openDatabase({ file: join(folder, 'slipway.sqlite') });
  const [jobs, outbox] = [createJobs({ db, clock: systemClock, log: silent }), createOutbox({ db, clock: systemClock, log: silent })];
  events = [];
  delivered = () => outbox.idle();
  outbox.deliverTo(async (event) => {
    events.push(event);
  });
  room = createCodeDeploy({ db, clock: systemClock, jobs, outbox });
  await db.migrate([...kernelMigrations, ...engineMigrations, ...room.migrations]);
  await jobs.start();
  await outbox.start();
  const server = await serve();
  port = (server.address() as AddressInfo).port;
  api = room.service.operations as unknown as Api;
  stop = [() => jobs.stop(), () => outbox.idle(), () => outbox.stop(), async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }];
});
afterEach(async () => {
  for (const end of stop) await end();
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

/** The commands' service on a bare socket, the caller taken from the host that the agent names or the key that it signs with. */
async function serve(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    if (operation === undefined) return void response.end(bundle);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const host = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    try {
      response.end(JSON.stringify(await room.companions![0]!.operations[operation]!(JSON.parse(Buffer.concat(chunks).toString()), callOf(host, gone.signal))));
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function host(name: string): Promise<Agent> {
  const rootDir = join(folder, name);
  await mkdir(rootDir);
  const endpoint = `http://127.0.0.1:${port}`;
  const agent = startAgent({
    endpoint, s3Endpoint: endpoint, region: 'us-east-1', hostIdentifier: arnOf(name), rootDir, pathPrefix: join(rootDir, 'files'),
    credentials: () => Promise.resolve({ accessKeyId: name, secretAccessKey: 'secret' }),
  });
  stop.unshift(() => agent.stop(0));
  await api.RegisterOnPremisesInstance({ instanceName: name, iamUserArn: arnOf(name) }, callOf('admin'));
  await api.AddTagsToOnPremisesInstances({ tags: [{ Key: 'Fleet', Value: 'web' }], instanceNames: [name] }, callOf('admin'));
  return agent;
}

async function fleet(names: readonly string[], script: string): Promise<void> {
  for (const name of names) await host(name);
  bundle = await tarOf(revision('version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a.sh\n', { 'a.sh': `#!/bin/sh\n${script}\n` }));
  await api.CreateApplication({ applicationName: 'app' }, callOf('admin'));
  await api.CreateDeploymentGroup({
    applicationName: 'app', deploymentGroupName: 'fleet', serviceRoleArn: `arn:aws:iam::${account}:role/x`,
    onPremisesInstanceTagFilters: [{ Key: 'Fleet', Value: 'web', Type: 'KEY_AND_VALUE' }],
  }, callOf('admin'));
}

const create = (call = callOf('admin')) => api.CreateDeployment({
  applicationName: 'app', deploymentGroupName: 'fleet', revision: { revisionType: 'S3', s3Location: { bucket: 'b', key: 'k', bundleType: 'tar' } },
}, call);

async function ended(deploymentId: string) {
  for (;;) {
    const { deploymentInfo } = await api.GetDeployment({ deploymentId }, callOf('admin'));
    if (deploymentInfo?.completeTime !== undefined) return deploymentInfo;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('CodeDeploy', () => {
  test('deploys to every tagged instance through the real agent, one at a time', async () => {
    await fleet(['one', 'two'], `echo "$DEPLOYMENT_ID" >> ${join(folder, 'ledger')}`);
    const { deploymentId = '' } = await create();
    expect(await ended(deploymentId)).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 2, Failed: 0, Pending: 0 } });
    expect(await readFile(join(folder, 'ledger'), 'utf8')).toBe(`${deploymentId}\n${deploymentId}\n`);
    const { deploymentTarget } = await api.GetDeploymentTarget({ deploymentId, targetId: 'one' }, callOf('admin'));
    expect(deploymentTarget?.instanceTarget?.lifecycleEvents?.map((event) => event.status)).toEqual(Array.from({ length: 7 }, () => 'Succeeded'));
    await delivered();
    expect(events.filter((event) => event.detailType.includes('Deployment State')).map((event) => event.detail['state'])).toEqual(['CREATE', 'START', 'SUCCESS']);
  });

  test('a hook that fails on the second of three hosts fails the deployment with the script, its exit code and output', async () => {
    await fleet(['one', 'three', 'two'], 'echo checking; case "$PWD" in */three) echo broken; exit 7;; esac');
    const { deploymentId = '' } = await create();
    expect(await ended(deploymentId)).toMatchObject({ status: 'Failed', errorInformation: { code: 'HEALTH_CONSTRAINTS' }, deploymentOverview: { Succeeded: 1, Failed: 1, Skipped: 1 } });
    const { deploymentTarget } = await api.GetDeploymentTarget({ deploymentId, targetId: 'three' }, callOf('admin'));
    const failed = deploymentTarget?.instanceTarget?.lifecycleEvents?.find((event) => event.status === 'Failed');
    expect(failed).toMatchObject({ lifecycleEventName: 'AfterInstall', diagnostics: {
      errorCode: 'ScriptFailed', scriptName: 'a.sh', message: 'Script at specified location: a.sh failed with exit code 7', logTail: expect.stringContaining('[stdout]broken\n'),
    } });
  });

  test('CreateDeployment: a second one while the first runs is refused, and the same once key answers the first', async () => {
    await fleet([], '');
    await api.RegisterOnPremisesInstance({ instanceName: 'away', iamUserArn: arnOf('away') }, callOf('admin'));
    await api.AddTagsToOnPremisesInstances({ tags: [{ Key: 'Fleet', Value: 'web' }], instanceNames: ['away'] }, callOf('admin'));
    const first = await create({ ...callOf('admin'), once: 'action-1' });
    expect(await create({ ...callOf('admin'), once: 'action-1' })).toEqual(first);
    await expect(create()).rejects.toMatchObject({ name: 'DeploymentLimitExceededException' });
    await api.StopDeployment({ deploymentId: first.deploymentId! }, callOf('admin'));
  });

  test('CreateDeployment: a group without instances fails with NO_INSTANCES', async () => {
    await fleet([], '');
    const { deploymentId = '' } = await create();
    expect(await ended(deploymentId)).toMatchObject({ status: 'Failed', errorInformation: { code: 'NO_INSTANCES' } });
  });

  test('an identity cannot poll for another host', async () => {
    await expect(room.companions![0]!.operations['PollHostCommand']!({ HostIdentifier: arnOf('one') }, callOf('two'))).rejects.toMatchObject({ name: 'ClientException' });
  });
});
