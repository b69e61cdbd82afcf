import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Removes a folder that a build could write, if it is there. No process of the build may live. */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    // Package managers leave folders that even their owner may not change (Go's module cache), and a build may nest them
    // deeper than a path can name: these programs go down step by step.
    await promisify(execFile)('chmod', ['-R', 'u+rwX', '--', folder]);
    await promisify(execFile)('rm', ['-rf', '--', folder]);
  }
}

/** A build does not wait longer for millions of files to go: whoever removes the build's folder removes the rest. ms */
const PATIENCE_MS = 5_000;

/** Removes as much as can be removed soon. */
export async function removeTreeSoon(folder: string): Promise<void> {
  const patience = new AbortController();
  try {
    await Promise.race([removeTree(folder), delay(PATIENCE_MS, undefined, { signal: patience.signal, ref: false }).catch(() => undefined)]);
  } finally {
    patience.abort();
  }
}
