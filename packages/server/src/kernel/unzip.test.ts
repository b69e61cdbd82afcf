import { lstat, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { BadZip, unzip } from './unzip.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-unzip-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const harmless = (name: string): string => name.replaceAll('..', 'aa').replace(/^\//, 'b');

/** Names as they are to be found in the archive: what a writer would refuse is written over afterwards. */
async function archive(entries: readonly { name: string; text: string; mode?: number }[]): Promise<string> {
  const zip = new ZipFile();
  for (const { name, text, mode = 0o100_644 } of entries) zip.addBuffer(Buffer.from(text), harmless(name), { mode });
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  for (const { name } of entries) {
    const written = harmless(name);
    if (written === name) continue;
    for (let at = bytes.indexOf(written); at >= 0; at = bytes.indexOf(written, at + 1)) bytes.write(name, at);
  }
  await writeFile(join(folder, 'a.zip'), bytes);
  return join(folder, 'a.zip');
}

const out = (name = ''): string => join(folder, 'out', name);
const link = 0o120_777;

it('unpacks folders, files with their modes, and links that stay inside', async () => {
  await unzip(await archive([{ name: 'a/tool', text: '#!', mode: 0o100_755 }, { name: 'a/plain', text: 'p' }, { name: 'l', text: 'a/tool', mode: link }, { name: 'a/up', text: '../l', mode: link }]), out());
  expect((await stat(out('a/tool'))).mode & 0o777).toBe(0o755);
  expect(await readFile(out('a/plain'), 'utf8')).toBe('p');
  expect(await readlink(out('l'))).toBe('a/tool');
  expect(await readFile(out('a/up'), 'utf8')).toBe('#!');
});

it.each(['../evil', 'a/../../evil', '/evil'])('refuses the name %s', async (name) => {
  await expect(unzip(await archive([{ name, text: 'x' }]), out())).rejects.toThrow(BadZip);
  await expect(lstat(join(folder, 'evil'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it.each(['../outside', '/etc/passwd', 'a/../../x'])('refuses a link to %s', async (target) => {
  await expect(unzip(await archive([{ name: 'l', text: target, mode: link }]), out())).rejects.toThrow('leads out');
});

it('refuses a link that stays inside by its letters, and leads out through another one', async () => {
  const file = await archive([{ name: 'e/f/x', text: '' }, { name: 'd/x', text: '' }, { name: 'd/l', text: '../e', mode: link }, { name: 'm', text: 'd/l/../../a.zip', mode: link }]);
  await expect(unzip(file, out())).rejects.toThrow('leads out');
});

it('refuses a link to nothing that leads out once a later link is there', async () => {
  await expect(unzip(await archive([{ name: 'd/x', text: 'y/..', mode: link }, { name: 'd/y', text: '..', mode: link }]), out())).rejects.toThrow('leads out');
});

it('makes no link through a link', async () => {
  await expect(unzip(await archive([{ name: 'door', text: 'a', mode: link }, { name: 'door/sub/l', text: 'b', mode: link }]), out())).rejects.toThrow('stands below another link');
});

it('never writes a file through a link of the same archive', async () => {
  await expect(unzip(await archive([{ name: 'd', text: '/tmp', mode: link }, { name: 'd/x', text: 'x' }]), out())).rejects.toThrow(BadZip);
});

it('refuses more entries or bytes than the limits, and what is no archive', async () => {
  const file = await archive([{ name: 'a', text: '12345' }, { name: 'b', text: '12345' }]);
  await expect(unzip(file, out(), { limits: { entries: 1, bytes: 100 } })).rejects.toThrow('more than 1 entries');
  await expect(unzip(file, out(), { limits: { entries: 9, bytes: 9 } })).rejects.toThrow('more than 9 bytes');
  await writeFile(join(folder, 'a.zip'), 'no zip');
  await expect(unzip(join(folder, 'a.zip'), out())).rejects.toThrow(BadZip);
});

it.each([['a file below a file', ['a', 'a/b']], ['a file in place of a folder', ['a/b', 'a']], ['a name longer than files have', ['x'.repeat(300)]]])('refuses %s, without a word of where it was unpacked', async (_what, names) => {
  const error = await unzip(await archive(names.map((name) => ({ name, text: '' }))), out()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BadZip);
  expect(String(error)).not.toContain(folder);
});
