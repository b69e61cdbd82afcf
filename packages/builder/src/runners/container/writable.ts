import { accessSync, readFileSync } from 'node:fs';
import { isCode } from '../../is-code.ts';
import type { Writable } from '../runner.ts';

/** In memory, or no files at all. */
const NO_DISK = new Set(['autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts', 'devtmpfs', 'efivarfs', 'fusectl', 'hugetlbfs', 'mqueue', 'nsfs', 'proc', 'pstore', 'ramfs', 'securityfs', 'sysfs', 'tmpfs', 'tracefs']);

/**
 * Where a container can write: its own layer, its volumes, and the files that the engine lends it (/etc/hosts). `ours`:
 * mount points below which the build's own folder lies. `layerBytes`: the engine's own word for the layer, for where this
 * process may not look.
 */
export function writableOf(pid: number, ours: readonly string[], layerBytes: () => Promise<number>): Writable {
  const mounts = mountsOf(pid).filter(({ at, type, writable }) => writable && !NO_DISK.has(type) && !ours.some((path) => at === path || at.startsWith(`${path}/`)));
  const paths: string[] = [];
  const filled: string[] = [];
  const overlays: string[] = [];
  let layerSeen = false;
  for (const { at, upper, type } of mounts) {
    const seen = `/proc/${pid}/root${at}`;
    const path = type === 'overlay' ? upper : seen;
    if (path === undefined || !isVisible(path)) continue;
    if (type === 'overlay') overlays.push(seen);
    if (at === '/') layerSeen = true;
    // A layer that lies over nothing holds the whole image.
    (at === '/' && type !== 'overlay' ? filled : paths).push(path);
  }
  return { paths, mounts: overlays, ...(filled.length === 0 ? {} : { filled }), ...(layerSeen ? {} : { elsewhere: layerBytes }) };
}

interface Mount {
  readonly at: string;
  readonly type: string;
  readonly writable: boolean;
  /** Of an overlay: the layer that takes what is written. */
  readonly upper?: string | undefined;
}

/** https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html; none where the container is another user's. */
function mountsOf(pid: number): Mount[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  } catch (error) {
    if (isCode(error, 'EACCES', 'EPERM', 'ENOENT', 'EINVAL')) return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    const [mount = '', system = ''] = line.split(' - ');
    const [, , , , at, options] = mount.split(' ');
    const [type = '', , more = ''] = system.split(' ');
    if (at === undefined || options === undefined) return [];
    return [{ at: unescaped(at), type, writable: options.split(',').includes('rw'), upper: /(?:^|,)upperdir=(\/(?:\\,|[^,])*)/.exec(unescaped(more))?.[1] }];
  });
}

/** The kernel writes spaces and the like as octal numbers. */
const unescaped = (text: string): string => text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function isVisible(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    // Whatever the reason: it cannot be counted from here.
    return false;
  }
}
