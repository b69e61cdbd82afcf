import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandsFolder } from './layout.ts';
import { isRoot } from './users.ts';

const OTHERS_READ = 0o4;
const OTHERS_ENTER = 0o1;

/** The host's side of the sandbox's `/etc/shadow`: ours to write, the build's to read. */
const shadowFile = (folder: string): string => join(commandsFolder(folder), 'shadow');

/** Users without a password: su asks for each one's line there, and root needs no more. */
export async function prepareCovers(folder: string): Promise<void> {
  if (!isRoot()) return;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').flatMap((line) => line.split(':', 1)).filter((name) => name !== '');
  await writeFile(shadowFile(folder), users.map((name) => `${name}:*:19000:0:99999:7:::\n`).join(''), { mode: 0o600 });
}

/**
 * What bubblewrap puts over those parts of `/etc` that are not everybody's to read: password hashes, host keys. Root of
 * the sandbox is the user that runs Slipway, so where that is root, the files' modes alone would keep nothing from a build.
 */
export function covers(folder: string): string[] {
  return isRoot() ? inFolder('/etc', (path) => (path === '/etc/shadow' ? shadowFile(folder) : '/dev/null')) : [];
}

function inFolder(folder: string, coverOf: (path: string) => string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const open = (statSync(path).mode & (OTHERS_READ | OTHERS_ENTER)) === (OTHERS_READ | OTHERS_ENTER);
      return open ? inFolder(path, coverOf) : ['--tmpfs', path];
    }
    return entry.isFile() && (statSync(path).mode & OTHERS_READ) === 0 ? ['--ro-bind', coverOf(path), path] : [];
  });
}

/** What the kernel is told by root's hand alone, without asking for a capability: settings, and the keys of `sysrq-trigger`. */
const READ_ONLY = ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'driver', 'tty', 'mtrr', 'pressure', 'dynamic_debug'];
/** What it shows of the machine to root alone, or to everybody although it is nobody's business. */
const HIDDEN = ['acpi', 'asound', 'scsi', 'kallsyms', 'kcore', 'keys', 'kmsg', 'kpagecgroup', 'kpagecount', 'kpageflags', 'latency_stats', 'pagetypeinfo', 'sched_debug', 'slabinfo', 'timer_list', 'timer_stats', 'vmallocinfo'];

const present = (names: readonly string[]): string[] => names.map((name) => `/proc/${name}`).filter((path) => existsSync(path));

/**
 * What bubblewrap puts over `/proc`. Root of the sandbox has no power over the kernel, but where it is the machine's root
 * by its number, the kernel's files are its own: it could name a program that the kernel runs as root, outside.
 */
export function kernelCovers(): string[] {
  return [
    ...present(READ_ONLY).flatMap((path) => ['--ro-bind', path, path]),
    ...present(HIDDEN).flatMap((path) => (statSync(path).isDirectory() ? ['--tmpfs', path, '--remount-ro', path] : ['--ro-bind', '/dev/null', path])),
  ];
}
