import { readProc } from '../proc.ts';
import { processStat } from '../processes.ts';
import type { ProcessStat } from '../processes.ts';
import type { Usage } from './usage.ts';

/** Linux reports process times in hundredths of a second on every architecture. */
const MS_PER_TICK = 10;
const KIB = 1024;

/**
 * What living processes use, and have used with those of their children that they have waited for. Memory is what is each
 * process's own; pages of files and shared ones are nobody's.
 */
export function usageOfProcesses(processes: readonly ProcessStat[]): Usage {
  let [memoryBytes, read, written] = [0, 0, 0];
  let [memoryKnown, storageKnown] = [false, true];
  for (const { pid } of processes) {
    const own = field(readProc(`/proc/${pid}/status`), 'RssAnon');
    if (own !== undefined) {
      memoryBytes += own * KIB;
      memoryKnown = true;
    }
    const io = readProc(`/proc/${pid}/io`);
    read += field(io, 'read_bytes') ?? 0;
    written += field(io, 'write_bytes') ?? 0;
    // One that lives and does not let us see is not one that did nothing.
    if (io === undefined && processStat(pid) !== undefined) storageKnown = false;
  }
  return {
    ...(processes.length === 0 ? {} : { cpuMs: processes.reduce((sum, { ticks }) => sum + ticks, 0) * MS_PER_TICK }),
    ...(memoryKnown ? { memoryBytes } : {}),
    ...(processes.length > 0 && storageKnown ? { storageReadBytes: read, storageWrittenBytes: written } : {}),
  };
}

function field(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}
