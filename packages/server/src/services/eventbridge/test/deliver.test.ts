import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@slipway/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJobs, engineMigrations } from '../../../engine/index.ts';
import type { Jobs, StoredEvent } from '../../../engine/index.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Database } from '../../../kernel/database.ts';
import { openDatabase } from '../../../kernel/database/index.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { silent } from '../../../kernel/log.ts';
import type { PeerCallOptions, Peers } from '../../../kernel/peers.ts';
import { acceptEvents, arrivalOf } from '../accept.ts';
import { deliverInJobs } from '../delivery/deliver.ts';
import { migrations } from '../migrations.ts';
import { createMatching } from '../rules/matching.ts';
import { putRule, putTarget } from '../store/index.ts';

const place = { account: '111122223333', region: 'us-east-1' };
const role: Caller = { account: place.account, arn: 'arn:aws:sts::111122223333:assumed-role/R/r', userId: 'AROA:r', kind: 'role', principalArn: 'arn:aws:iam::111122223333:role/R' };
const event: StoredEvent = { ...place, id: 'e1', source: 'aws.codecommit', detailType: 'X', resources: [], detail: { commitId: 'abc' }, time: 0, aggregate: 'a' };

let folder: string;
let db: Database;
let jobs: Jobs;
let clock: FakeClock;
let accept: (events: readonly StoredEvent[]) => Promise<void>;
let calls: { input: unknown; options: PeerCallOptions }[];
let failing: Error[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-events-'));
  db = await openDatabase({ file: join(folder, 'db') });
  await db.migrate([...engineMigrations, ...migrations]);
  clock = new FakeClock();
  jobs = createJobs({ db, clock, log: silent });
  clock.settleWith(() => jobs.idle());
  calls = [];
  failing = [];
  const codebuild = {
    async StartBuild(input: unknown, options: PeerCallOptions) {
      calls.push({ input, options });
      const error = failing.shift();
      if (error !== undefined) throw error;
      return {};
    },
  };
  const peers: Peers = { as: () => ({ codebuild }) as unknown as ReturnType<Peers['as']> };
  const identities = { assumeForService: () => Promise.resolve(role), credentialsFor: () => Promise.reject(new Error('not asked')) };
  const acceptance = acceptEvents({ db, clock, jobs, matching: createMatching(db) });
  const authorizer = { authorize: () => Promise.resolve() };
  const outbound = { request: () => Promise.reject(new Error('not asked')), resolve: () => Promise.reject(new Error('not asked')) };
  const seal = { seal: () => '', open: () => '' };
  deliverInJobs({ db, clock, jobs, log: silent, peers, identities, authorizer, outbound, seal, acceptance });
  accept = (events) => acceptance.accept(events.map((event) => arrivalOf(event)));
  await db.transaction(async (tx) => {
    await putRule(tx, {
      ...place, bus: 'default', name: 'r', pattern: '{"source":["aws.codecommit"]}', schedule: null, state: 'ENABLED', description: null, managed_by: null, archive: null,
      created_by: place.account, created: 0, scheduled: null, fires_at: null,
    });
    await putTarget(tx, { ...place, bus: 'default', rule: 'r' }, {
      Id: 't', Arn: 'arn:aws:codebuild:us-east-1:111122223333:project/site', RoleArn: role.principalArn,
      InputTransformer: { InputPathsMap: { commit: '$.detail.commitId' }, InputTemplate: '{"sourceVersion":<commit>}' }, RetryPolicy: { MaximumRetryAttempts: 3 },
    });
  });
  await jobs.start();
});

afterEach(async () => {
  await jobs.stop();
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

test('a build is started once with the transformed input, though the event comes twice', async () => {
  await accept([event]);
  await jobs.idle();
  await accept([event]);
  await jobs.idle();
  expect(calls).toMatchObject([{ input: { projectName: 'site', sourceVersion: 'abc' }, options: { region: 'us-east-1', once: 'e1/r/t' } }]);
});

test('a passing failure is tried again under the same key until it works', async () => {
  failing = [new ServiceError('ThrottlingException', 'slow down'), new Error('unforeseen')];
  await accept([event]);
  await jobs.idle();
  expect(calls).toHaveLength(1);
  await clock.advance(60_000);
  await jobs.idle();
  expect(calls).toHaveLength(3);
  expect(new Set(calls.map((call) => call.options.once))).toEqual(new Set(['e1/r/t']));
  await clock.advance(24 * 3600_000);
  expect(calls).toHaveLength(3);
});

test('a refusal that lasts is not tried again, and a passing one no more often than the policy says', async () => {
  failing = [new ServiceError('AccessDeniedException', 'no')];
  await accept([event]);
  await jobs.idle();
  await clock.advance(24 * 3600_000);
  expect(calls).toHaveLength(1);
  failing = Array.from({ length: 20 }, () => new ServiceError('ThrottlingException', 'slow down'));
  await accept([{ ...event, id: 'e2' }]);
  await jobs.idle();
  await clock.advance(3600_000);
  await jobs.idle();
  expect(calls).toHaveLength(1 + 4);
});
