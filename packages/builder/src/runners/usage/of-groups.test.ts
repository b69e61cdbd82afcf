import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryKills, usageOfGroups } from './of-groups.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-groups-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

test('a group of the unified hierarchy tells of processors, memory and disks, and counts no byte again that a device hands on to another', async () => {
  await write({
    'group/cpu.stat': 'usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n',
    'group/memory.current': '5000000\n', 'group/memory.stat': 'anon 3000000\ninactive_file 1500000\nactive_file 500000\n',
    'group/io.stat': '8:0 rbytes=4096 wbytes=1000 rios=1 wios=1 dbytes=0 dios=0\n253:0 rbytes=4096 wbytes=1000 rios=1 wios=1\n7:1 rbytes=10 wbytes=20\n259:0 \n9:9 rbytes=4 wbytes=24\n',
    'group/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n',
    'devices/253:0/slaves/sda/dev': '', 'devices/7:1/loop/backing_file': '', 'devices/8:0/size': '',
  });
  await mkdir(join(folder, 'devices/8:0/slaves'));
  expect(usageOfGroups({ unified: join(folder, 'group') }, join(folder, 'devices'))).toEqual({ cpuMs: 1_500, memoryBytes: 3_500_000, storageReadBytes: 4_100, storageWrittenBytes: 1_024 });
  expect(memoryKills({ unified: join(folder, 'group') })).toBe(2);
});

test('separate groups tell of processors and memory, and nothing of disks', async () => {
  await write({ 'cpu/cpuacct.usage': '2500000000\n', 'memory/memory.usage_in_bytes': '9000\n', 'memory/memory.stat': 'inactive_file 1\ntotal_inactive_file 4000\n', 'memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n' });
  const groups = { memory: join(folder, 'memory'), cpu: join(folder, 'cpu') };
  expect(usageOfGroups(groups)).toEqual({ cpuMs: 2_500, memoryBytes: 5_000 });
  expect(memoryKills(groups)).toBe(1);
});

test('a group that is gone, or without its counters, tells nothing', () => {
  expect(usageOfGroups({ unified: join(folder, 'gone') })).toEqual({});
  expect(usageOfGroups({ memory: join(folder, 'gone'), cpu: join(folder, 'gone') })).toEqual({});
  expect(memoryKills({ unified: join(folder, 'gone') })).toBe(0);
});
