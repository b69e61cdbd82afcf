import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { loadContract } from '@slipway/contracts';
import { FakeClock } from '../../../../../testkit/src/clock.ts';
import { blobMigrations, openBlobs } from '../../../blobs/index.ts';
import { createEdge } from '../../../edge/server.ts';
import { createJobs, createWatches, engineMigrations } from '../../../engine/index.ts';
import { postgresScratch, sqliteScratch } from '../../../kernel/database/suite.ts';
import { createDispatcher } from '../../../kernel/dispatch.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { silent } from '../../../kernel/log.ts';
import { createPaging } from '../../../kernel/paging.ts';
import { regionExists } from '../../../kernel/regions.ts';
import type { AccessRequest } from '../../../kernel/service.ts';
import { createWire, validate } from '../../../wire/index.ts';
import { createS3 } from '../index.ts';

const SECRET = 'a-secret-that-only-tests-know-0123456789';

/** S3's room behind the real edge and wire, on PostgreSQL where `DATABASE_URL` names one. Policies are a set of denied actions. */
export async function startS3() {
  const data = await mkdtemp(join(tmpdir(), 'slipway-s3-'));
  const url = process.env['DATABASE_URL'];
  const scratch = url === undefined ? await sqliteScratch() : await postgresScratch(url);
  const db = await scratch.open();
  const clock = new FakeClock(Date.now());
  const jobs = createJobs({ db, clock, log: silent });
  const blobs = await openBlobs({ db, jobs, clock, directory: join(data, 'blobs'), masterKey: randomBytes(32) });
  const asked: AccessRequest[] = [];
  const denied = new Set<string>();
  const authorizer = {
    async authorize(_caller: unknown, requests: readonly AccessRequest[]) {
      asked.push(...requests);
      if (requests.some(({ action, resource }) => denied.has(action) || denied.has(`${action} ${resource}`))) throw new ServiceError('AccessDeniedException', 'no');
    },
  };
  const s3 = createS3({ db, blobs, watches: createWatches({ jobs }), clock, authorizer, paging: createPaging(randomBytes(32)), regionExists });
  await db.migrate([...engineMigrations, ...blobMigrations, ...s3.migrations]);
  await blobs.start();
  await jobs.start();
  const dispatcher = createDispatcher({ authorizer, validate: (service, operation, input) => validate(loadContract(service as 's3'), operation, input), log: silent, endpoint: () => '' });
  dispatcher.add(s3.service);
  const edge = createEdge({
    wire: createWire({ contracts: [loadContract('s3')] }),
    dispatcher,
    accessKeys: {
      async find(accessKeyId) {
        const account = accessKeyId === 'AKIAOTHER' ? '222222222222' : '111111111111';
        return { secretAccessKey: SECRET, caller: { account, arn: `arn:aws:iam::${account}:root`, userId: account, kind: 'root', principalArn: `arn:aws:iam::${account}:root` } };
      },
    },
    doors: [],
    regionExists,
    clock,
    log: silent,
    tls: undefined,
  });
  const { port } = await edge.listen(0, '127.0.0.1');
  const endpoint = `http://127.0.0.1:${port}`;
  const clients: S3[] = [];
  const as = (accessKeyId: string, region = 'us-east-1', extra: object = {}): S3 => {
    const client = new S3({ endpoint, region, credentials: { accessKeyId, secretAccessKey: SECRET }, forcePathStyle: true, maxAttempts: 1, ...extra });
    clients.push(client);
    return client;
  };
  return {
    endpoint, clock, db, data, asked, denied, as, jobs,
    client: as('AKIAOWNER'),
    environment: { AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIAOWNER', AWS_SECRET_ACCESS_KEY: SECRET, AWS_PAGER: '' },
    async stop() {
      for (const client of clients) client.destroy();
      await edge.close();
      await jobs.stop();
      await scratch.remove();
      await rm(data, { recursive: true });
    },
  };
}
