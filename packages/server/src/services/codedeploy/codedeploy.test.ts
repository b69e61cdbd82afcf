import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CodeDeployApi } from '@slipway/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJobs, createOutbox, createWatches, engineMigrations } from '../../engine/index.ts';
import type { Caller } from '../../kernel/caller.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Database } from '../../kernel/database.ts';
import { openDatabase } from '../../kernel/database/index.ts';
import { silent } from '../../kernel/log.ts';
import { kernelMigrations } from '../../kernel/migrations.ts';
import { createPaging } from '../../kernel/paging.ts';
import type { Peers } from '../../kernel/peers.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { createCodeDeploy } from './index.ts';
import type { notYet } from './not-yet.ts';

const account = '111122223333';
const arnOf = (name: string): string => `arn:aws:iam::${account}:user/${name}`;
const callerOf = (name: string): Caller => ({ account, arn: arnOf(name), userId: name, kind: 'user', principalArn: arnOf(name) });
const callOf = (name: string): Call =>
  ({ caller: callerOf(name), account, region: 'us-east-1', requestId: 'r', endpoint: 'http://x', secure: false, signal: new AbortController().signal, headers: {} });

let folder: string;
let db: Database;
let api: Operations<CodeDeployApi, (typeof notYet)[number]>;
let room: ReturnType<typeof createCodeDeploy>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-codedeploy-'));
  db = await openDatabase({ file: join(folder, 'slipway.sqlite') });
  // Not started: deployments stay as they were created.
  const jobs = createJobs({ db, clock: systemClock, log: silent });
  room = createCodeDeploy({
    db, clock: systemClock, jobs, outbox: createOutbox({ db, clock: systemClock, log: silent }), watches: createWatches({ jobs }), paging: createPaging(new Uint8Array(32)),
    peers: {} as Peers, identities: { assumeForService: () => Promise.resolve(callerOf('role')) },
  });
  await db.migrate([...kernelMigrations, ...engineMigrations, ...room.migrations]);
  api = room.service.operations as unknown as typeof api;
});
afterEach(async () => {
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

const create = (call: Call) => api.CreateDeployment({
  applicationName: 'app', deploymentGroupName: 'fleet', revision: { revisionType: 'S3', s3Location: { bucket: 'b', key: 'k', bundleType: 'zip' } },
}, call);

test('CreateDeployment: a second one while the first runs is refused, and the same once key answers the first', async () => {
  await api.CreateApplication({ applicationName: 'app' }, callOf('admin'));
  await api.CreateDeploymentGroup({ applicationName: 'app', deploymentGroupName: 'fleet', serviceRoleArn: `arn:aws:iam::${account}:role/x` }, callOf('admin'));
  const first = await create({ ...callOf('admin'), once: 'action-1' });
  expect(await create({ ...callOf('admin'), once: 'action-1' })).toEqual(first);
  await expect(create(callOf('admin'))).rejects.toMatchObject({ name: 'DeploymentLimitExceededException' });
});

test('an identity cannot poll for another host', async () => {
  await expect(room.companions?.[0]?.operations['PollHostCommand']?.({ HostIdentifier: arnOf('one') }, callOf('two'))).rejects.toMatchObject({ name: 'ClientException' });
});
