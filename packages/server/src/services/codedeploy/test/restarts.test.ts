import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Slipway } from '@slipway/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { revisionOf } from './bundles.ts';
import { Fleet } from './fleet.ts';

let data: string;
let s: Slipway;
let fleet: Fleet;
let gate: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'slipway-data-'));
  s = await Slipway.start({ data });
  fleet = await Fleet.start(s, ['web-1', 'web-2']);
  gate = join(fleet.folder, 'gate');
});
afterEach(async () => {
  await fleet.stop();
  await s.stop();
  await rm(data, { recursive: true, force: true });
});

const waiting = (): Record<string, string> => revisionOf(`echo "$DEPLOYMENT_ID $LIFECYCLE_EVENT $SLIPWAY_HOST_NAME" >> ${fleet.ledger}\nwhile [ ! -e ${gate} ]; do sleep 0.02; done`, ['BeforeInstall', 'AfterInstall']);

test('a server that restarts while a script runs goes on where it was, and no script runs twice', async () => {
  const id = await fleet.deploy(await fleet.group(['web-1', 'web-2']), waiting());
  await fleet.written((line) => line.startsWith(id));
  const { port } = new URL(s.endpoint);
  await s.stop();
  await writeFile(gate, '');
  s = await Slipway.start({ data, settings: { SLIPWAY_PORT: port } });
  const after = fleet.withServer(s);
  expect(await after.ended(id)).toMatchObject({ status: 'Succeeded', deploymentOverview: { Succeeded: 2 } });
  expect(await fleet.lines()).toEqual(['BeforeInstall web-1', 'AfterInstall web-1', 'BeforeInstall web-2', 'AfterInstall web-2'].map((line) => `${id} ${line}`));
});

test('an agent that dies while a script runs reports that event as failed and does not run it again', async () => {
  const id = await fleet.deploy(await fleet.group(['web-1']), waiting());
  await fleet.written((line) => line.startsWith(id));
  await killAgent(fleet.hosts[0]?.folder as string);
  await writeFile(gate, '');
  expect(await fleet.ended(id)).toMatchObject({ status: 'Failed' });
  expect(await fleet.failure(id, 'web-1')).toMatchObject({ lifecycleEventName: 'BeforeInstall', diagnostics: { message: 'Failing in-progress lifecycle event after an agent restart.' } });
  expect(await fleet.lines()).toEqual([`${id} BeforeInstall web-1`]);
});

/** The agent itself, not its supervisor, which starts another. */
async function killAgent(folder: string): Promise<void> {
  const { processes } = JSON.parse(await readFile(join(folder, 'host.json'), 'utf8')) as { processes: { pid: number }[] };
  const supervisor = processes[0]?.pid as number;
  const children = await readFile(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8');
  process.kill(Number(children.trim().split(' ')[0]), 'SIGKILL');
}
