import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostOptions } from './contract.ts';
import { HostError } from './contract.ts';
import type { ProcessMark } from './processes.ts';

/** What is written down about a host so that another process can find and end it. */
export interface HostRecord {
  readonly kind: 'plain' | 'netns';
  readonly name: string;
  readonly address: string;
  /** The value of SLIPWAY_HOST_ID in the environment of everything that runs there. */
  readonly id: string;
  readonly processes: readonly ProcessMark[];
}

const recordFile = (folder: string): string => join(folder, 'host.json');

/** Written before anything is started, and again with the processes: a crash in between leaves the id to find them by. */
export async function saveRecord(folder: string, record: HostRecord): Promise<void> {
  await writeFile(`${recordFile(folder)}.new`, JSON.stringify(record));
  await rename(`${recordFile(folder)}.new`, recordFile(folder));
}

export async function loadRecord(folder: string): Promise<HostRecord | undefined> {
  const text = await readFile(recordFile(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as HostRecord);
}

export function checkOptions(options: HostOptions): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(options.name)) throw new HostError(`A host's name has lower-case letters, digits and dashes: "${options.name}"`);
}

export async function emptyFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
}

/** The variables that an agent starts with; nothing of the starting process's own environment, which may hold its secrets. */
export function hostEnvironment(options: HostOptions, host: { id: string; address: string; port: number; path: string; home: string }): Record<string, string> {
  return {
    PATH: host.path,
    HOME: host.home,
    LANG: 'C.UTF-8',
    SLIPWAY_HOST_ID: host.id,
    SLIPWAY_HOST_NAME: options.name,
    SLIPWAY_HOST_ADDRESS: host.address,
    SLIPWAY_HOST_PORT: String(host.port),
  };
}

/** Starts the agent again whenever it ends; the words after `sh -c … supervisor` are its command line. */
export const SUPERVISOR = 'while :; do "$@"; sleep 1; done';

/** Where programs are found on any host, after node's own folder. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
