import { fork } from 'node:child_process';
import type { ActionDeclaration } from '@aws-sdk/client-codepipeline';
import { signRequest } from '@slipway/sigv4';
import type { Bench, Group } from '../group.ts';
import type { LoadOrder, LoadResult, SignedRequest } from '../load-contract.ts';
import { median, notMeasured, row, type Row, type RowTerms } from '../measure.ts';
import { clients, region, role, rootKey, startMoto, startSlipway, type Clients, type Target } from '../server.ts';

const CONNECTIONS = 16;
const ROUNDS = 3;
const SECONDS = 2;
const WARM_UP = 200;
/** More than any server takes in the time. */
const DISTINCT_WRITES = 8_000;

export interface Load {
  readonly terms: RowTerms;
  readonly signingName: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bodies that may be repeated, or a body for each number where every request must differ. */
  body(number: number, target: Target): string;
  readonly distinct: boolean;
  /** Makes what the requests are about. */
  prepare?(aws: Clients, target: Target): Promise<unknown>;
}

const terms = (id: string, aim: number): RowTerms => ({ id, unit: 'requests/s', better: 'higher', aim, aimOf: 'ratio' });
const json = (target: string) => ({ 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target });

const loads: Load[] = [
  {
    terms: terms('requests.sts.GetCallerIdentity', 10),
    signingName: 'sts',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: () => 'Action=GetCallerIdentity&Version=2011-06-15',
    distinct: false,
  },
  {
    terms: terms('requests.codepipeline.GetPipeline', 10),
    signingName: 'codepipeline',
    headers: json('CodePipeline_20150709.GetPipeline'),
    body: () => JSON.stringify({ name: 'bench' }),
    distinct: false,
    prepare: createPipeline,
  },
  {
    terms: terms('requests.logs.PutLogEvents', 3),
    signingName: 'logs',
    headers: json('Logs_20140328.PutLogEvents'),
    body: (number) => JSON.stringify({ logGroupName: 'bench', logStreamName: `stream-${number % CONNECTIONS}`, logEvents: [{ timestamp: Date.now(), message: `a line of a log, number ${number}` }] }),
    distinct: false,
    prepare: createStreams,
  },
  {
    terms: terms('requests.codecommit.CreateRepository', 3),
    signingName: 'codecommit',
    headers: json('CodeCommit_20150413.CreateRepository'),
    body: (number) => JSON.stringify({ repositoryName: `repository-${number}`, repositoryDescription: 'made by the bench' }),
    distinct: true,
  },
];

/** (d) Requests per second over 16 kept connections, beside moto's server. */
export const requests: Group = {
  letter: 'd',
  title: 'requests per second over 16 connections',
  run: (bench) => besideMoto(bench, loads),
};

/** What `first` finds out about a Slipway, and then each load on it, beside moto's server. */
export async function besideMoto(bench: Bench, loads: readonly Load[], first: (ours: Target) => Promise<Row[]> = async () => []): Promise<Row[]> {
  const ours = await startSlipway(bench);
  const moto = await startMoto(bench);
  const rows = await first(ours);
  for (const load of loads) {
    bench.say(load.terms.id);
    rows.push(await measure(bench, load, ours, moto));
  }
  await ours.stop();
  await moto?.stop();
  return rows;
}

/** A load on Slipway, and in turns on moto's server where there is one. */
async function measure(bench: Bench, load: Load, ours: Target, moto: Target | undefined): Promise<Row> {
  try {
    const targets = moto ? [ours, moto] : [ours];
    const rates = new Map<Target, number[]>(targets.map((target) => [target, []]));
    let done = 0;
    for (const target of targets) await load.prepare?.(clients(target), target);
    // In turns, so that what else the machine does falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      for (const target of targets) {
        const result = await generate(bench, order(load, target, round));
        if (result.failures > 0) throw new Error(`${result.failures} of ${result.done} requests to ${target === ours ? 'Slipway' : 'moto_server'} failed: ${result.firstFailure}`);
        rates.get(target)!.push(result.done / result.seconds);
        if (target === ours) done += result.done;
      }
    }
    const note = moto ? 'medians of 3 rounds in turns; baseline: moto_server' : 'moto_server is not installed here';
    return row(load.terms, { value: median(rates.get(ours)!), baseline: moto && median(rates.get(moto)!), n: done, note });
  } catch (error) {
    return notMeasured(load.terms, (error as Error).message);
  }
}

function order(load: Load, target: Target, round: number): LoadOrder {
  const count = load.distinct ? DISTINCT_WRITES : 64;
  const requests = Array.from({ length: count }, (_, number): SignedRequest => {
    const body = load.body(round * count + number, target);
    const headers = signRequest({ method: 'POST', url: `${target.endpoint}/`, headers: load.headers, body, service: load.signingName, region, credentials: rootKey, now: Date.now() });
    return { headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, body };
  });
  return { endpoint: target.endpoint, requests, connections: CONNECTIONS, cycle: !load.distinct, warmUp: WARM_UP, seconds: SECONDS };
}

export function generate(bench: Bench, order: LoadOrder): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(bench.loadProgram);
    child.once('message', (result) => resolve(result as LoadResult));
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(order);
  });
}

async function createStreams(aws: Clients): Promise<void> {
  await aws.logs.createLogGroup({ logGroupName: 'bench' });
  for (let number = 0; number < CONNECTIONS; number++) await aws.logs.createLogStream({ logGroupName: 'bench', logStreamName: `stream-${number}` });
}

async function createPipeline(aws: Clients): Promise<void> {
  const roleArn = await role(aws, 'bench-get-pipeline', 'codepipeline.amazonaws.com');
  await aws.s3.createBucket({ Bucket: 'bench-get-pipeline' });
  await aws.codepipeline.createPipeline({
    pipeline: {
      name: 'bench',
      roleArn,
      artifactStore: { type: 'S3', location: 'bench-get-pipeline' },
      stages: [
        { name: 'Source', actions: [action('Source', 'Source', 'CodeCommit', { RepositoryName: 'nothing', BranchName: 'main' }, ['SourceOutput'])] },
        { name: 'Approve', actions: [action('Approve', 'Approval', 'Manual', {}, [])] },
      ],
    },
  });
}

function action(name: string, category: 'Source' | 'Approval', provider: string, configuration: Record<string, string>, outputs: string[]): ActionDeclaration {
  return { name, actionTypeId: { category, owner: 'AWS', provider, version: '1' }, configuration, inputArtifacts: [], outputArtifacts: outputs.map((output) => ({ name: output })), runOrder: 1 };
}
