import { expect, it } from 'vitest';
import type { Caller } from './caller.ts';
import { createDispatcher } from './dispatch.ts';
import { silent } from './log.ts';
import type { Call, Service } from './service.ts';

const caller: Caller = { account: '111122223333', arn: 'arn:aws:iam::111122223333:root', userId: '111122223333', kind: 'root', principalArn: 'arn:aws:iam::111122223333:root' };

it('tells of an operation that was to happen once and never looked at the key', async () => {
  const told: string[] = [];
  const dispatcher = createDispatcher({
    authorizer: { authorize: async () => {} } as never, validate: () => {}, endpoint: () => 'http://127.0.0.1', log: { ...silent, error: (message, fields) => void told.push(`${message}: ${String(fields?.['operation'])}`) },
  });
  dispatcher.add({
    name: 'codebuild',
    access: { StartBuild: 'none', StopBuild: 'none' },
    operations: { StartBuild: async (_input: unknown, call: Call) => ({ build: { id: call.once } }), StopBuild: async () => ({}) },
  } as unknown as Service);
  const { codebuild } = dispatcher.peers.as(caller);
  const region = 'us-east-1';
  expect(await codebuild.StartBuild({ projectName: 'p' }, { region, once: 'key' })).toEqual({ build: { id: 'key' } });
  await codebuild.StopBuild({ id: 'b' }, { region });
  expect(told).toEqual([]);
  expect(await codebuild.StopBuild({ id: 'b' }, { region, once: 'key' })).toEqual({});
  expect(told).toEqual(['an operation was to happen once, and does not remember what it did: StopBuild']);
});
