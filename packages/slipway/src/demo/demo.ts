import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Host } from '@slipway/hosts';
import { awsClient } from '../aws-client.ts';
import { UsageError } from '../usage.ts';
import { services, type Services } from './api.ts';
import { executionOf, follow } from './follow.ts';
import { startHosts } from './hosts.ts';
import { createApplication, createArtifactBucket, createPipeline, createProject, createRepository, names } from './resources.ts';
import { createDeveloper, createRoles } from './roles.ts';
import { screen, type Screen } from './screen.ts';
import { startServerProcess, type DemoServer } from './server.ts';
import { servedHeadline, startClone, type Clone } from './site.ts';

const region = 'us-east-1';
const account = '000000000000';

const help = `Usage: slipway demo [options]

From \`git push\` to a running site on three local hosts, through a pipeline of its own.

  --once         end after the second push instead of staying up
  --port NUMBER  port of its server (4566, or a free one when that is taken)
  --data DIR     keep everything in this folder; otherwise a temporary one, removed at the end`;

/** `slipway demo`: a client like any other of a server that it starts for itself. */
export async function demo(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { once: { type: 'boolean' }, port: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.port !== undefined && !/^\d{1,5}$/.test(values.port)) throw new UsageError(`--port is '${values.port}'; accepted is a number`);
  const folder = values.data ?? (await mkdtemp(join(tmpdir(), 'slipway-demo-')));
  await mkdir(folder, { recursive: true });
  const ends: (() => Promise<void>)[] = [];
  if (values.data === undefined) ends.push(() => rm(folder, { recursive: true, force: true }));
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('interrupted'));
  });

  try {
    const show = run({ folder, port: values.port === undefined ? undefined : Number(values.port), ends, screen: screen(process.stdout) });
    const outcome = await Promise.race([show, interrupted]);
    if (outcome !== 'interrupted' && !values.once) {
      console.log('\nEverything stays up. Ctrl-C ends it.');
      await interrupted;
    }
    // What is under way loses its server in a moment; its error would tell nothing.
    show.catch(() => {});
  } finally {
    await endAll(ends);
  }
}

/** In reverse; one that fails keeps none of the others from running. */
async function endAll(ends: readonly (() => Promise<void>)[]): Promise<void> {
  for (const end of ends.toReversed()) {
    await end().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
  }
}

interface DemoRun {
  readonly folder: string;
  readonly port: number | undefined;
  /** What ends what was started; run in reverse. */
  readonly ends: (() => Promise<void>)[];
  readonly screen: Screen;
}

async function run({ folder, port, ends, screen: show }: DemoRun): Promise<void> {
  const slipway = fileURLToPath(import.meta.url);
  const agentPath = fileURLToPath(new URL('./agent.js', import.meta.url));
  const data = join(folder, 'data');

  show.heading('Starting Slipway');
  const server = await startServerProcess({ slipway, data, port, logFile: join(folder, 'server.log') });
  ends.push(() => server.stop());
  for (const notice of server.notices) show.line(`  ${notice}`);
  show.line(`  listening on ${server.endpoint}`);
  const aws = services(awsClient({ endpoint: server.endpoint, region, ...server.rootKey }));

  show.heading('Creating a repository, a build project, an application with three hosts, and a pipeline');
  const bucket = await createArtifactBucket(aws, account);
  const roles = await createRoles(aws, bucket);
  const url = await createRepository(aws);
  await createProject(aws, roles);
  await createApplication(aws, roles);
  const { hosts, reason } = await startHosts(['web-1', 'web-2', 'web-3'], { aws, folder: join(folder, 'hosts'), agentPath, endpoint: server.endpoint, region, bucket, hide: [data], ends });
  show.line(`  ${reason}`);
  if (process.getuid?.() !== 0) show.line(`  The example's hooks say "runas: root"; without root they run as you, so the demo's copy says so.`);
  await createPipeline(aws, roles, bucket);
  show.line('  The pipeline was created before its branch: its first execution fails at Source, as on AWS.');

  const clone = await startClone({ folder: join(folder, 'clone'), url, endpoint: server.endpoint, region, developer: await createDeveloper(aws), slipway });
  await ship(aws, clone, hosts, show, 'First push', 'Launched');
  await ship(aws, clone, hosts, show, 'Second push, with another headline', 'Launched again');
  tellHowToGoOn(server, data, slipway, url, show);
}

async function ship(aws: Services, clone: Clone, hosts: readonly Host[], show: Screen, title: string, headline: string): Promise<void> {
  show.heading(title);
  await clone.changeHeadline(headline);
  const started = performance.now();
  const commit = await clone.push(headline);
  show.line(`  git push: ${commit.slice(0, 7)} "${headline}"`);
  await follow(aws, await executionOf(aws, commit), show);
  show.line(`  From push to live in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  for (const host of hosts) {
    const served = await servedHeadline(host.address);
    if (served !== headline) throw new Error(`${host.address} serves "${served}", not "${headline}"`);
    show.line(`  ${host.name}  ${host.address}  "${served}"`);
  }
}

function tellHowToGoOn(server: DemoServer, data: string, slipway: string, url: string, show: Screen): void {
  show.heading('Yours to explore');
  show.line(`  endpoint   ${server.endpoint}`);
  show.line(`  aws, git   eval "$(node ${slipway} env --data ${data})"`);
  show.line(`  then       aws codepipeline get-pipeline-state --name ${names.pipeline}`);
  show.line(`             git clone ${url}`);
}
