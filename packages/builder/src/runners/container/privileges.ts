import { readFileSync } from 'node:fs';

/** By bit, as the kernel numbers them (linux/capability.h), as far as engines of all ages know them. */
const NAMES = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW',
  'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE',
  'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ',
];

/** Podman's API takes no rules for devices: root in the container opens its own group (version 1), as far as the one above is open. */
const DEVICES = '/sys/fs/cgroup/devices/devices.allow';

export interface Privileges {
  readonly hostConfig: Readonly<Record<string, unknown>>;
  readonly notices: readonly string[];
  /** To be run in the container before its first command: what the engine leaves undone. */
  readonly prepare?: readonly string[];
}

/**
 * Everything that root on this machine may do. An engine's "privileged" asks for all capabilities there are, which fails
 * where the machine itself was given fewer, as a virtual machine or container often is: then it is those that it has.
 */
export function privileges(): Privileges {
  const missing = missingCapabilities();
  if (missing.length === 0) return { hostConfig: { Privileged: true }, notices: [] };
  return {
    hostConfig: {
      CapAdd: NAMES.filter((name) => !missing.includes(name)), SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
      MaskedPaths: [], ReadonlyPaths: [], DeviceCgroupRules: ['a *:* rwm'],
    },
    notices: [`Root on this machine lacks ${missing.map((name) => `CAP_${name}`).join(', ')}, and so does the privileged container`],
    prepare: ['/bin/sh', '-c', 'mount -o remount,rw /sys; for path in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw "$path" || mount -o remount,rw "$path"; done; if [ -e "$0" ]; then echo a >"$0"; fi', DEVICES],
  };
}

function missingCapabilities(): string[] {
  const bounds = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (bounds === undefined) return [];
  const bits = BigInt(`0x${bounds}`);
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  return NAMES.filter((_, bit) => bit <= last && ((bits >> BigInt(bit)) & 1n) === 0n);
}
