import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CodeCommitApi } from '@slipway/contracts';
import { createJobs, createOutbox, createWatches, engineMigrations } from '../../../engine/index.ts';
import type { StoredEvent } from '../../../engine/index.ts';
import { createGit } from '../../../git/index.ts';
import type { AccessKey } from '../../../kernel/access.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Database } from '../../../kernel/database.ts';
import { openDatabase } from '../../../kernel/database/index.ts';
import { postgresScratch } from '../../../kernel/database/suite.ts';
import type { Scratch } from '../../../kernel/database/suite.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import { kernelMigrations } from '../../../kernel/migrations.ts';
import { createPaging } from '../../../kernel/paging.ts';
import { silent } from '../../../kernel/log.ts';
import type { Peers } from '../../../kernel/peers.ts';
import type { AccessRequest, Call } from '../../../kernel/service.ts';
import { createCodeCommit } from '../index.ts';

export const ada: Caller = { account: '111122223333', arn: 'arn:aws:iam::111122223333:user/ada', userId: 'AIDAADA', kind: 'user', principalArn: 'arn:aws:iam::111122223333:user/ada' };
export const adaKey = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
export const adaPassword = { userName: 'ada-at-111122223333', password: 'a/secret+for=git' };
export const place = { account: ada.account, region: 'us-east-1' };

/** This house has no neighbours. */
const noPeers: Peers = { as() { throw new Error('there are no other rooms'); } };

export interface HouseOptions {
  /** A folder to go on with. */
  readonly data?: string;
  readonly clock?: Clock;
  readonly allow?: (request: AccessRequest) => boolean;
  readonly peers?: Peers;
  /** The largest file of a push. bytes */
  readonly largestFile?: number;
}

/** The room behind a bare HTTP server: real database, jobs, events and git; the ports to identities answered by the test. */
export async function openHouse(options: HouseOptions = {}) {
  const data = options.data ?? await mkdtemp(join(tmpdir(), 'slipway-codecommit-'));
  const clock = options.clock ?? { now: () => Date.now(), at: (at: number, run: () => void) => { const timer = setTimeout(run, at - Date.now()); return () => clearTimeout(timer); } };
  const db = await databaseOf(data);
  const jobs = createJobs({ db, clock, log: silent });
  const outbox = createOutbox({ db, clock, log: silent });
  const events: StoredEvent[] = [];
  outbox.deliverTo(async (event) => { events.push(event); });
  const git = createGit({ folder: join(data, 'git'), ...options.largestFile === undefined ? {} : { largestFile: options.largestFile } });
  const keys = new Map<string, AccessKey>([[adaKey.id, { secretAccessKey: adaKey.secret, caller: ada }]]);
  const house = { allow: options.allow ?? (() => true), passwordsWork: true, failures: [] as unknown[] };
  const authorize = async (caller: Caller, requests: readonly AccessRequest[]): Promise<void> => {
    const refused = requests.find((request) => !house.allow(request));
    if (refused) throw new ServiceError('AccessDeniedException', `User: ${caller.arn} is not authorized to perform: ${refused.action} on resource: ${refused.resource}`);
  };
  const room = createCodeCommit({
    db, clock, jobs, outbox, watches: createWatches({ jobs }), git, paging: createPaging(Buffer.alloc(32, 1)), peers: options.peers ?? noPeers, log: silent,
    accessKeys: { find: async (id) => keys.get(id) },
    servicePasswords: {
      verify: async (userName, password, service) =>
        (house.passwordsWork && service === 'codecommit.amazonaws.com' && userName === adaPassword.userName && password === adaPassword.password ? ada : undefined),
    },
    authorizer: { authorize },
    regions: { default: 'us-east-1', known: ['us-east-1', 'eu-west-1'] },
  });
  await db.migrate([...kernelMigrations, ...engineMigrations, ...room.migrations]);

  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const path = (request.url ?? '').split('?')[0] ?? '';
    const door = room.doors?.find((one) => one.matches({ method: request.method ?? '', host: request.headers.host ?? '', path, query: '', signed: false }));
    if (!door) return void response.writeHead(404).end();
    door.handle(request, response, { requestId: 'r', endpoint: `http://${request.headers.host}`, signal: gone.signal }).catch((error: unknown) => {
      house.failures.push(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await jobs.start();
  await outbox.start();

  const call: Call = { ...place, caller: ada, requestId: 'r', endpoint, secure: false, signal: new AbortController().signal, headers: {} };
  return Object.assign(house, {
    data, db, git, jobs, clock, room, endpoint, events, keys, server,
    call<O extends keyof CodeCommitApi>(operation: O, input: CodeCommitApi[O]['input'], region = place.region): Promise<CodeCommitApi[O]['output']> {
      return room.service.operations[operation]!(input, { ...call, region }) as Promise<CodeCommitApi[O]['output']>;
    },
    /** The address of a repository with Git credentials in it. */
    url: (name: string): string => `http://${adaPassword.userName}:${encodeURIComponent(adaPassword.password)}@${endpoint.slice('http://'.length)}/v1/repos/${name}`,
    async close({ keep = false } = {}): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
      await jobs.stop();
      await outbox.stop();
      await git.close();
      await db.close();
      if (keep) return;
      await scratches.get(data)?.remove();
      scratches.delete(data);
      await rm(data, { recursive: true, force: true });
    },
  });
}

/** Databases on PostgreSQL, by data folder. */
const scratches = new Map<string, Scratch>();

/** The folder's database; on PostgreSQL where `DATABASE_URL` names one. */
async function databaseOf(data: string): Promise<Database> {
  const url = process.env['DATABASE_URL'];
  if (url === undefined) return openDatabase({ file: join(data, 'slipway.sqlite') });
  const scratch = scratches.get(data) ?? await postgresScratch(url);
  scratches.set(data, scratch);
  return openDatabase(scratch.options);
}

export type House = Awaited<ReturnType<typeof openHouse>>;
