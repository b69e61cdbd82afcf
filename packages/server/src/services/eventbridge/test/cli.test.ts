import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { Slipway } from '@slipway/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openQueue } from './house.ts';

let s: Slipway;
beforeAll(async () => {
  s = await Slipway.start();
});
afterAll(() => s.stop());

async function aws(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)('aws', [...args, '--endpoint-url', s.endpoint, '--output', 'json'], { env: { ...process.env, ...s.cliEnvironment() } });
  return JSON.parse(stdout || '{}') as Record<string, unknown>;
}

const hasAws = spawnSync('aws', ['--version']).status === 0;

test.skipIf(!hasAws)('the stock CLI puts a rule and a target, sends an event, and receives it from the queue (left out where there is no aws)', async () => {
  const { arn, QueueUrl } = await openQueue(s, 'cli');
  expect(await aws('events', 'put-rule', '--name', 'cli', '--event-pattern', '{"source":["cli"],"detail":{"n":[{"numeric":[">",1]}]}}')).toEqual({ RuleArn: `arn:aws:events:us-east-1:${s.account}:rule/cli` });
  expect(await aws('events', 'put-targets', '--rule', 'cli', '--targets', `Id=q,Arn=${arn}`)).toEqual({ FailedEntryCount: 0, FailedEntries: [] });
  const entries = [1, 2].map((n) => ({ Source: 'cli', DetailType: 'Number', Detail: JSON.stringify({ n }) }));
  expect(await aws('events', 'put-events', '--entries', JSON.stringify(entries))).toMatchObject({ FailedEntryCount: 0 });
  await s.settled();
  const { Messages } = (await aws('sqs', 'receive-message', '--queue-url', QueueUrl, '--max-number-of-messages', '10')) as { Messages: { Body: string }[] };
  expect(Messages.map(({ Body }) => (JSON.parse(Body) as { detail: object }).detail)).toEqual([{ n: 2 }]);
}, 120_000);
