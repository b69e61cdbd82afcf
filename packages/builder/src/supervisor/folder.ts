import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode } from '../is-code.ts';
import { holdFolder } from '../runners/in-place.ts';
import { isLiving, processStat } from '../runners/processes.ts';

/** The files of a build's folder that concern its supervisor. */
export const specFile = (folder: string): string => join(folder, 'spec.json');
export const spoolFile = (folder: string): string => join(folder, 'spool');
export const claimFile = (folder: string): string => join(folder, 'claim');
export const socketFile = (folder: string): string => join(folder, 'sock');
export const errorFile = (folder: string): string => join(folder, 'supervisor.err');

/** Names the one supervisor that runs a build, for ever: the file is never rewritten. */
export interface Claim {
  readonly pid: number;
  /** Start in ticks since boot, and which boot: a pid alone is used again. */
  readonly started: string;
  readonly boot: string;
  /** By which the build's processes are found if the supervisor dies. */
  readonly mark: string;
}

/** Stands in place of a claim where the build was taken back from whoever might still claim it. */
const REVOKED = 'revoked';

/** Takes the build for this process. False when another supervisor has it or had it: a build never runs twice. */
export async function takeClaim(folder: string, mark: string): Promise<boolean> {
  const stat = processStat(process.pid);
  const claim: Claim = { pid: process.pid, started: stat?.started ?? '', boot: await bootId(), mark };
  return put(folder, JSON.stringify(claim));
}

/**
 * Takes the folder's build back: no supervisor will begin it any more, not even one that a server which has died since
 * started and that is late. The folder is good for nothing then but to be removed. False when a supervisor has the build
 * or had it.
 */
export async function revoke(folder: string): Promise<boolean> {
  try {
    if (await put(folder, REVOKED)) return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    throw error;
  }
  return (await readClaim(folder)) === undefined;
}

/** Puts the claim's file where none is. */
async function put(folder: string, content: string): Promise<boolean> {
  const aside = `${claimFile(folder)}.${randomUUID()}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // A link appears whole or not at all, and fails where one is: no claim without its content.
    await link(aside, claimFile(folder));
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

export async function readClaim(folder: string): Promise<Claim | undefined> {
  try {
    const content = await readFile(claimFile(folder), 'utf8');
    return content === REVOKED ? undefined : (JSON.parse(content) as Claim);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

export async function isAlive(claim: Claim): Promise<boolean> {
  if (claim.boot !== (await bootId())) return false;
  const stat = processStat(claim.pid);
  return stat !== undefined && isLiving(stat) && stat.started === claim.started;
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** What fits into a Unix socket's address, with a margin (Linux takes 107 bytes). */
const LONGEST_SOCKET_PATH = 100;

/**
 * A path to the folder's socket that is short enough for a socket's address: through an open
 * descriptor of the folder where its own path is too long. It is good until released.
 */
export function shortSocketPath(folder: string): { path: string; release(): void } {
  const path = socketFile(folder);
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, release: () => undefined };
  const held = holdFolder(folder);
  return { ...held, path: socketFile(held.path) };
}

/** What a supervisor said that broke down; empty when none did. */
export async function supervisorErrors(folder: string): Promise<string> {
  try {
    return (await readFile(errorFile(folder), 'utf8')).trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return '';
    throw error;
  }
}
