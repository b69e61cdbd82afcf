import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostics } from './diagnostics.ts';
import { removeDurably, writeDurably } from './durable.ts';
import type { HostCommand } from './protocol.ts';

export interface CommandResult {
  readonly status: 'Succeeded' | 'Failed';
  readonly diagnostics: Diagnostics;
}

/**
 * One command on disk, from before it is acknowledged until the server has its result:
 * `taken` (nothing has run: taken up again after a restart) → `running` (something may have run: never run again, reported as
 * failed after a restart) → `finished` (the result is to be delivered, however often it takes).
 */
export interface TrackedCommand {
  readonly command: HostCommand;
  readonly phase: 'taken' | 'running' | 'finished';
  readonly result?: CommandResult;
  /** ms UTC */
  readonly since: number;
}

/** AWS's agent forgets commands after a day: the server has given them up long before. */
const LONGEST_TRACKED_MS = 24 * 3600 * 1000;

/** The agent's memory across its own death. Every write is on disk when it resolves. */
export interface Tracker {
  save(tracked: TrackedCommand): Promise<void>;
  forget(command: HostCommand): Promise<void>;
  unfinished(): Promise<readonly TrackedCommand[]>;
}

export function tracker(folder: string): Tracker {
  const fileOf = (command: HostCommand): string =>
    join(folder, `${createHash('sha256').update(command.HostCommandIdentifier).digest('hex').slice(0, 32)}.json`);
  return {
    save: (tracked) => writeDurably(fileOf(tracked.command), JSON.stringify(tracked)),
    forget: (command) => removeDurably(fileOf(command)),
    async unfinished() {
      await mkdir(folder, { recursive: true });
      const found: TrackedCommand[] = [];
      for (const name of (await readdir(folder)).filter((file) => file.endsWith('.json'))) {
        const tracked = JSON.parse(await readFile(join(folder, name), 'utf8')) as TrackedCommand;
        if (Date.now() - tracked.since < LONGEST_TRACKED_MS) found.push(tracked);
        else await removeDurably(join(folder, name));
      }
      return found;
    },
  };
}
