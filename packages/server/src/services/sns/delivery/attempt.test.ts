import { expect, it } from 'vitest';
import { sqliteScratch } from '../../../kernel/database/suite.ts';
import type { Scratch } from '../../../kernel/database/suite.ts';
import { silent } from '../../../kernel/log.ts';
import { attempt, jittered } from './attempt.ts';
import type { Pending } from './store.ts';
import { migrations } from '../migrations.ts';
import { deleteSubscription, insertSubscription, updateSubscription } from '../store.ts';
import type { SubscriptionRow, TopicRow } from '../tables.ts';

const place = { account: '000000000000', region: 'us-east-1' };
const topic: TopicRow = { ...place, topic: 't', attributes: '{}', created: 0, deleted: 0, sequence: 0 };
const subscription: SubscriptionRow = {
  ...place, topic: 't', id: 'i', arn: 'arn:aws:sns:us-east-1:000000000000:t:i', owner: place.account, principal: 'p', protocol: 'http', endpoint: 'http://e/', status: 'confirmed',
  attributes: '{}', base: 'http://b', nonce: 'n', confirmed_by_owner: 0, locked: 0, created: 0,
};
const delivery: Pending = { ...place, subscription: 'i', sequence: 1, message: 'm', topic: 't', kind: 'message', group_id: '', attempts: 0, due: 0, content: '{"message":"hello","attributes":{}}', created: 0 };

function gate(): { open(): void; readonly opened: Promise<void> } {
  const listeners: (() => void)[] = [];
  const opened = new Promise<void>((resolve) => void listeners.push(resolve));
  return { open: () => listeners[0]?.(), opened };
}

/** An attempt that is held where it signs, until the caller has changed something. */
async function attemptDuring(change: (scratch: Awaited<ReturnType<Scratch['open']>>) => Promise<void>) {
  const scratch = await sqliteScratch();
  const db = await scratch.open();
  await db.migrate([...migrations]);
  await db.transaction((tx) => insertSubscription(tx, subscription));
  const signing = gate();
  const goOn = gate();
  const sent: string[] = [];
  const ended = attempt({
    db, log: silent, hash: () => 'hash',
    clock: { now: () => 0 } as never,
    signer: { sign: async () => (signing.open(), await goOn.opened, 'signature'), certificatePath: async () => '/c', certificateAt: async () => undefined },
    senders: { send: async ({ envelope }) => void sent.push(envelope.type), sendToQueue: async () => void sent.push('queue') },
  }, topic, subscription, delivery, new AbortController().signal);
  await signing.opened;
  await change(db);
  goOn.open();
  const outcome = await ended;
  await scratch.remove();
  return { outcome, sent };
}

it('a delivery that is being made ready does not start once the subscription has ended', async () => {
  expect(await attemptDuring((db) => db.transaction((tx) => deleteSubscription(tx, subscription)))).toEqual({ outcome: { end: 'done' }, sent: [] });
  expect(await attemptDuring((db) => db.transaction((tx) => updateSubscription(tx, subscription, { status: 'deleted', nonce: 'other' })))).toEqual({ outcome: { end: 'done' }, sent: [] });
});

it('a delivery goes on when what changed is something else', async () => {
  expect(await attemptDuring((db) => db.transaction((tx) => updateSubscription(tx, subscription, { attributes: '{"RawMessageDelivery":"false"}' })))).toEqual({ outcome: { end: 'done' }, sent: ['Notification'] });
});

it('retries of messages that failed together are spread over a tenth of their delay, and none comes later than the policy says', () => {
  const delays = Array.from({ length: 200 }, (_, n) => jittered(100, { subscription: 'i', message: `m${n}` }));
  expect(Math.max(...delays)).toBeLessThanOrEqual(100);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(90);
  expect(new Set(delays.map(Math.round)).size).toBeGreaterThan(9);
  expect(jittered(0, { subscription: 'i', message: 'm' })).toBe(0);
});
