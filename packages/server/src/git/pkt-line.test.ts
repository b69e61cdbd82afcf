import { describe, expect, it } from 'vitest';
import { FLUSH, NO_OBJECT, packetLine, refusalReport } from './index.ts';
import { readPushHead } from './pkt-line.ts';

const A = 'a'.repeat(40);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('readPushHead', () => {
  const push = Buffer.concat([
    packetLine(`shallow ${A}\n`),
    packetLine(`${NO_OBJECT} ${A} refs/heads/main\0 report-status side-band-64k agent=git/2.39\n`),
    packetLine(`${A} ${NO_OBJECT} refs/heads/old\n`),
    FLUSH,
    Buffer.from('PACK…'),
  ]);

  it.each([1, 3, 7, 1_000])('finds the commands in pieces of %i bytes, and keeps every byte for git', async (size) => {
    const body = inPieces(push, size);
    const head = await readPushHead(body);
    expect(head.commands).toEqual([{ ref: 'refs/heads/main', old: NO_OBJECT, new: A }, { ref: 'refs/heads/old', old: A, new: NO_OBJECT }]);
    expect(head.capabilities).toEqual(new Set(['report-status', 'side-band-64k', 'agent=git/2.39']));
    const rest: Uint8Array[] = [];
    for await (const piece of body) rest.push(piece);
    expect(Buffer.concat([head.bytes, ...rest])).toEqual(push);
  });

  it('takes a lone flush for a probe without commands', async () => {
    expect((await readPushHead(inPieces(FLUSH, 4))).commands).toEqual([]);
  });

  it.each([
    ['zzzz', 'packet format'],
    ['0003', 'impossible length'],
    ['ffff', 'impossible length'],
    [packetLine('nonsense').toString(), 'old new reference'],
    [packetLine(`${NO_OBJECT} ${NO_OBJECT} refs/heads/x`).toString(), 'does not exist'],
    [packetLine('push-cert\0x').toString(), 'signed pushes'],
    ['00', 'in the middle'],
  ])('refuses %j', async (bytes, reason) => {
    await expect(readPushHead(inPieces(Buffer.from(bytes), 100))).rejects.toThrow(reason);
  });
});

it('refusalReport: names every reference with the reason, on one line', () => {
  const head = { commands: [{ ref: 'refs/heads/main', old: A, new: NO_OBJECT }], capabilities: new Set(['report-status']), bytes: Buffer.alloc(0) };
  expect(refusalReport(head, 'not\nallowed').toString()).toBe('000eunpack ok\n0023ng refs/heads/main not allowed\n0000');
});
