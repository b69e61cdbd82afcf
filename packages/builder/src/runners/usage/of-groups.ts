import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readProc } from '../proc.ts';
import type { Usage } from './usage.ts';

/** The folders in which the kernel counts what a group of processes uses: one of the unified hierarchy, or several separate ones. */
export type Groups = { readonly unified: string } | { readonly memory: string; readonly cpu: string };

/** What the group has used so far. Groups of the separate kind do not see writes that the kernel holds back, so they tell nothing of storage. */
export function usageOfGroups(groups: Groups, devices = '/sys/dev/block'): Usage {
  if ('unified' in groups) {
    const { unified } = groups;
    const micros = field(readProc(join(unified, 'cpu.stat')), 'usage_usec');
    return {
      ...(micros === undefined ? {} : { cpuMs: micros / 1_000 }),
      ...memory(number(join(unified, 'memory.current')), field(readProc(join(unified, 'memory.stat')), 'inactive_file')),
      ...storage(readProc(join(unified, 'io.stat')), devices),
    };
  }
  const nanos = number(join(groups.cpu, 'cpuacct.usage'));
  return {
    ...(nanos === undefined ? {} : { cpuMs: nanos / 1_000_000 }),
    ...memory(number(join(groups.memory, 'memory.usage_in_bytes')), field(readProc(join(groups.memory, 'memory.stat')), 'total_inactive_file')),
  };
}

/** How many processes of the group were killed because its memory was used up. */
export function memoryKills(groups: Groups): number {
  const file = 'unified' in groups ? join(groups.unified, 'memory.events') : join(groups.memory, 'memory.oom_control');
  return field(readProc(file), 'oom_kill') ?? 0;
}

function memory(used: number | undefined, idle = 0): Usage {
  return used === undefined ? {} : { memoryBytes: Math.max(0, used - idle) };
}

/** Lines like `8:0 rbytes=4096 wbytes=0 …`. */
function storage(text: string | undefined, devices: string): Usage {
  if (text === undefined) return {};
  let [storageReadBytes, storageWrittenBytes] = [0, 0];
  for (const line of text.split('\n')) {
    const [device = '', ...pairs] = line.split(' ');
    if (device === '' || isStacked(join(devices, device))) continue;
    const counts = Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
    storageReadBytes += Number(counts['rbytes'] ?? 0);
    storageWrittenBytes += Number(counts['wbytes'] ?? 0);
  }
  return { storageReadBytes, storageWrittenBytes };
}

/** A device that lies on others (an encrypted disk, a file as a disk) counts what these count again. */
function isStacked(device: string): boolean {
  if (existsSync(join(device, 'loop'))) return true;
  const below = join(device, 'slaves');
  return existsSync(below) && readdirSync(below).length > 0;
}

function number(file: string): number | undefined {
  const text = readProc(file)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function field(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}
