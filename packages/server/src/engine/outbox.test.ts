import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../testkit/src/clock.ts';
import type { Database } from '../kernel/database.ts';
import { describeDatabases } from '../kernel/database/suite.ts';
import type { Scratch } from '../kernel/database/suite.ts';
import { silent } from '../kernel/log.ts';
import { createOutbox, engineMigrations } from './index.ts';
import type { DomainEvent, Outbox, StoredEvent } from './index.ts';

const event = (aggregate: string, number: number): DomainEvent => ({
  account: '1', region: 'us-east-1', source: 'aws.test', detailType: 'Test Change', resources: [`arn:aws:test:${aggregate}`], detail: { number }, aggregate,
});

describeDatabases('Outbox', (makeScratch) => {
  let scratch: Scratch;
  let db: Database;
  let clock: FakeClock;
  let made: Outbox[];
  beforeEach(async () => {
    scratch = await makeScratch();
    db = await scratch.open();
    await db.migrate(engineMigrations);
    clock = new FakeClock();
    made = [];
  });
  afterEach(async () => {
    await Promise.all(made.map((outbox) => outbox.stop()));
    await scratch.remove();
  });

  const open = (deliver: (stored: StoredEvent) => Promise<void>, through = db): Outbox => {
    const outbox = createOutbox({ db: through, clock, log: silent });
    outbox.deliverTo(deliver);
    made.push(outbox);
    return outbox;
  };
  const emit = (outbox: Outbox, ...events: DomainEvent[]) => db.transaction(async (tx) => {
    for (const each of events) await outbox.emit(tx, each);
  });
  const waiting = () => db.read.withTables<{ outbox: { id: string } }>().selectFrom('outbox').select('id').execute();

  it('delivers an event as it was emitted, with an id and the time, and removes it', async () => {
    const got: StoredEvent[] = [];
    const outbox = open(async (stored) => void got.push(stored));
    await outbox.start();
    await emit(outbox, event('a', 1));
    await outbox.idle();
    expect(got).toEqual([{ ...event('a', 1), id: expect.stringMatching(/^[0-9a-f-]{36}$/), time: clock.now() }]);
    expect(await waiting()).toEqual([]);
  });

  it('delivers nothing of a transaction that was rolled back', async () => {
    const got: StoredEvent[] = [];
    const outbox = open(async (stored) => void got.push(stored));
    await outbox.start();
    await db.transaction(async (tx) => {
      await outbox.emit(tx, event('a', 1));
      throw new Error('changed my mind');
    }).catch(() => undefined);
    await outbox.idle();
    expect(got).toEqual([]);
  });

  it('delivers in order per aggregate, even when a delivery fails in between', async () => {
    const got: unknown[] = [];
    let failures = 2;
    const outbox = open(async ({ detail }) => {
      if (detail['number'] === 2 && failures > 0) {
        failures -= 1;
        throw new Error('not now');
      }
      got.push(detail['number']);
    });
    clock.settleWith(() => outbox.idle());
    await outbox.start();
    await emit(outbox, event('a', 1), event('a', 2));
    await emit(outbox, event('a', 3));
    await clock.advance(10_000);
    expect(got).toEqual([1, 2, 3]);
  });

  it('does not let one aggregate that fails hold up another', async () => {
    const got: unknown[] = [];
    const outbox = open(async ({ aggregate, detail }) => {
      if (aggregate === 'bad') throw new Error('never');
      got.push(detail['number']);
    });
    await outbox.start();
    await emit(outbox, event('bad', 1), event('good', 2));
    await outbox.idle();
    expect(got).toEqual([2]);
  });

  it('two servers on one database deliver each event once and in order while both emit', async () => {
    const got: { number: unknown; aggregate: string }[] = [];
    const deliver = async ({ detail, aggregate }: StoredEvent) => void got.push({ number: detail['number'], aggregate });
    const one = open(deliver);
    const two = open(deliver, await scratch.open());
    await Promise.all([one.start(), two.start()]);
    const aggregates = ['a', 'b', 'c'];
    await Promise.all(aggregates.map(async (aggregate) => {
      for (let number = 0; number < 20; number += 1) await emit(number % 2 === 0 ? one : two, event(aggregate, number));
    }));
    while ((await waiting()).length > 0) await Promise.all([one.idle(), two.idle()]);
    for (const aggregate of aggregates) {
      expect(got.filter((each) => each.aggregate === aggregate).map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    }
  });
});
