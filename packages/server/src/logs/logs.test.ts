import { appendFile, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogs } from './index.ts';
import type { LogStore, StoredEntry } from './index.ts';

const ID = '0123456789abcdef0123456789abcdef';
const clock = { now: () => 5000, at: () => () => {} };
let directory: string;
let logs: LogStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'slipway-logs-'));
  logs = await openLogs(directory, { clock });
});

afterEach(async () => {
  await logs.close();
  await rm(directory, { recursive: true });
});

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => ({ seq: from + index, timestamp: 1000 + from + index, message: `line ${from + index}` }));
const batch = (from: number) => Array.from({ length: 500 }, (_, index) => ({ timestamp: from + index * 3, message: 'x'.repeat(200) }));
const all = (limit = 100_000): Promise<StoredEntry[]> => logs.read(ID, { direction: 'forward', limit });
const messages = (entries: readonly StoredEntry[]): string[] => entries.map((entry) => entry.message);

async function reopen(): Promise<void> {
  await logs.close();
  logs = await openLogs(directory, { clock });
}

async function newestSegment(): Promise<string> {
  const folder = join(directory, ID.slice(0, 2), ID);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.seg')).toSorted();
  return join(folder, names.at(-1) as string);
}

test('read: beside a writer, a reader gets whole lines from the first on and never an error', async () => {
  for (let n = 0; n < 100; n++) {
    const [found] = await Promise.all([all(), logs.append(ID, lines(n, n + 1)), all()]);
    expect(messages(found)).toEqual(found.map((_, at) => `line ${at}`));
  }
  expect(await all()).toHaveLength(100);
});

test('read: a stream that nobody wrote is empty and is not made by reading', async () => {
  expect(await all()).toEqual([]);
  expect(await logs.summary(ID)).toEqual({ nextSeq: 0, nextPosition: 0, bytes: 0 });
  expect(await readdir(directory)).toEqual([]);
});

test('append: lines come back in order with their times, also after a restart', async () => {
  await logs.append(ID, lines(0, 3));
  await reopen();
  expect(await all()).toEqual(lines(0, 3).map((line, position) => ({ ...line, position, ingested: 5000 })));
});

test('appendOnce: what a crash left stored is not stored again, and numbered lines go on undisturbed', async () => {
  const once = lines(5, 8).map(({ timestamp, message }) => ({ timestamp, message }));
  await logs.append(ID, lines(0, 5));
  await logs.appendOnce(ID, 'the first', once.slice(0, 2), 5);
  await reopen();
  await logs.append(ID, lines(4, 6));
  await logs.appendOnce(ID, 'the first', once, 5);
  await logs.appendOnce(ID, 'the second', once.slice(0, 1), 8);
  expect(messages(await all())).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'line 5', 'line 5', 'line 6', 'line 7']);
  expect(await logs.summary(ID)).toMatchObject({ nextSeq: 6, nextPosition: 10 });
});

test('append: a producer that sends lines again after a crash doubles none', async () => {
  await logs.append(ID, lines(0, 10));
  await reopen();
  await logs.append(ID, lines(5, 15));
  expect(messages(await all())).toEqual(messages(lines(0, 15) as unknown as StoredEntry[]));
  expect((await logs.summary(ID)).nextSeq).toBe(15);
});

test('append: concurrent appends keep their order and all are stored', async () => {
  await Promise.all(Array.from({ length: 50 }, (_, index) => logs.append(ID, lines(index * 10, index * 10 + 10))));
  expect(messages(await all())).toEqual(messages(lines(0, 500) as unknown as StoredEntry[]));
});

test('open: a torn tail is cut off and writing goes on after it', async () => {
  await logs.append(ID, lines(0, 3));
  await logs.append(ID, lines(3, 6));
  const path = await newestSegment();
  const { size } = await stat(path);
  for (let torn = 1; torn < 60; torn += 7) {
    await truncate(path, size - torn);
    await reopen();
    expect(messages(await all())).toEqual(['line 0', 'line 1', 'line 2']);
    await logs.append(ID, lines(0, 6));
    expect((await all()).length).toBe(6);
    expect((await stat(path)).size).toBe(size);
  }
});

test('open: rubbish after the last frame is cut off', async () => {
  await logs.append(ID, lines(0, 3));
  await appendFile(await newestSegment(), Buffer.alloc(100, 7));
  await reopen();
  await logs.append(ID, lines(3, 4));
  await reopen();
  expect((await all()).length).toBe(4);
});

test('open: a segment whose header was torn holds nothing', async () => {
  await logs.append(ID, lines(0, 3));
  await writeFile(join(directory, ID.slice(0, 2), ID, '000000000000003.seg'), Buffer.alloc(5));
  await reopen();
  await logs.append(ID, lines(3, 4));
  expect((await all()).length).toBe(4);
});

test('read: pages forwards and backwards meet', async () => {
  await logs.append(ID, lines(0, 25));
  const forward: StoredEntry[] = [];
  for (let page = await logs.read(ID, { direction: 'forward', limit: 7 }); page.length > 0; page = await logs.read(ID, { direction: 'forward', limit: 7, from: page.at(-1) })) forward.push(...page);
  const backward: StoredEntry[] = [];
  for (let page = await logs.read(ID, { direction: 'backward', limit: 7 }); page.length > 0; page = await logs.read(ID, { direction: 'backward', limit: 7, from: page.at(-1) })) backward.push(...page);
  expect(forward.map((entry) => entry.seq)).toEqual(lines(0, 25).map((line) => line.seq));
  expect(backward.toReversed()).toEqual(forward);
});

test('read: start is included, end is not', async () => {
  await logs.append(ID, lines(0, 10));
  expect(messages(await logs.read(ID, { direction: 'forward', limit: 10, start: 1003, end: 1005 }))).toEqual(['line 3', 'line 4']);
});

test('read: batches that came late are read in the order of time, across restarts and blocks', async () => {
  for (const from of [10_000, 5_000, 9_000, 20_000, 100]) await logs.appendUnnumbered(ID, batch(from));
  await reopen();
  const times: number[] = [];
  for (let page = await logs.read(ID, { direction: 'forward', limit: 333 }); page.length > 0; page = await logs.read(ID, { direction: 'forward', limit: 333, from: page.at(-1) })) times.push(...page.map((entry) => entry.timestamp));
  expect(times.length).toBe(2500);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const [latest] = await logs.read(ID, { direction: 'backward', limit: 1 });
  expect(latest?.timestamp).toBe(times.at(-1));
});

test('read: maxBytes ends a page early but never leaves it empty', async () => {
  await logs.append(ID, [{ seq: 0, timestamp: 1, message: 'x'.repeat(100) }, { seq: 1, timestamp: 2, message: 'y'.repeat(100) }]);
  expect((await logs.read(ID, { direction: 'forward', limit: 10, maxBytes: 150 })).length).toBe(1);
  expect((await logs.read(ID, { direction: 'forward', limit: 10, maxBytes: 1 })).length).toBe(1);
});

test('a long stream is cut into segments, of which only the newest is scanned at start', async () => {
  const message = 'z'.repeat(1000);
  for (let from = 0; from < 20_000; from += 1000) {
    await logs.append(ID, Array.from({ length: 1000 }, (_, index) => ({ seq: from + index, timestamp: from + index, message })));
  }
  const folder = join(directory, ID.slice(0, 2), ID);
  expect((await readdir(folder)).filter((name) => name.endsWith('.seg')).length).toBeGreaterThan(1);
  expect((await readdir(folder)).filter((name) => name.endsWith('.index')).length).toBeGreaterThan(0);
  await reopen();
  expect((await logs.read(ID, { direction: 'backward', limit: 2 })).map((entry) => entry.seq)).toEqual([19_999, 19_998]);
  expect((await logs.read(ID, { direction: 'forward', limit: 1, start: 12_345 }))[0]?.position).toBe(12_345);
  await logs.trim(ID, 15_000);
  const [first] = await logs.read(ID, { direction: 'forward', limit: 1 });
  expect(first?.position).toBeGreaterThan(0);
  await reopen();
  expect((await logs.read(ID, { direction: 'forward', limit: 1 }))[0]).toEqual(first);
});

test('trim: a stream that is wholly old becomes empty and still knows what it has seen', async () => {
  await logs.append(ID, lines(0, 5));
  await logs.trim(ID, 1_000_000);
  expect(await all()).toEqual([]);
  await reopen();
  await logs.append(ID, lines(3, 7));
  expect((await all()).map((entry) => [entry.seq, entry.position])).toEqual([[5, 5], [6, 6]]);
});

test('follow: wakes after an append until it is ended', async () => {
  let woken = 0;
  const end = logs.follow(ID, () => { woken += 1; });
  await logs.append(ID, lines(0, 1));
  end();
  await logs.append(ID, lines(1, 2));
  expect(woken).toBe(1);
});

test('delete: nothing of the stream is left', async () => {
  await logs.append(ID, lines(0, 5));
  await logs.delete(ID);
  expect(await all()).toEqual([]);
});

test('more streams than are kept open stay readable', async () => {
  const ids = Array.from({ length: 230 }, (_, index) => index.toString(16).padStart(32, '0'));
  await Promise.all(ids.map((id) => logs.append(id, lines(0, 2))));
  for (const id of ids) expect((await logs.read(id, { direction: 'forward', limit: 5 })).length).toBe(2);
});
