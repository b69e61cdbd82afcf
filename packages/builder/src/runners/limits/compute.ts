/** What a build may use of the machine. Absent members are not limited. */
export interface Limits {
  /** The compute type that grants this, for messages. */
  readonly computeType?: string;
  readonly memoryBytes?: number;
  /** Processors, fractions included. */
  readonly cpus?: number;
  /** Processes and threads at a time. */
  readonly processes?: number;
  /** All files together, wherever the build puts them; its source and its log are among them. */
  readonly diskBytes?: number;
  /** Files and folders. */
  readonly inodes?: number;
  /** The largest file, gaps included. */
  readonly fileBytes?: number;
}

const GIB = 1024 ** 3;

/** https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html, Linux on x86. */
const COMPUTE: Readonly<Record<string, { readonly memoryBytes: number; readonly cpus: number; readonly diskBytes: number }>> = {
  BUILD_GENERAL1_SMALL: { memoryBytes: 4 * GIB, cpus: 2, diskBytes: 64 * GIB },
  BUILD_GENERAL1_MEDIUM: { memoryBytes: 8 * GIB, cpus: 4, diskBytes: 128 * GIB },
  BUILD_GENERAL1_LARGE: { memoryBytes: 16 * GIB, cpus: 8, diskBytes: 128 * GIB },
  BUILD_GENERAL1_XLARGE: { memoryBytes: 70 * GIB, cpus: 36, diskBytes: 256 * GIB },
  BUILD_GENERAL1_2XLARGE: { memoryBytes: 145 * GIB, cpus: 72, diskBytes: 824 * GIB },
};

/** AWS documents no number; a container engine's own hosts rarely allow more to one of many. */
const PROCESSES = 16_384;

/** ext4, which AWS's disks have, is made with one inode for so many bytes. */
const BYTES_PER_INODE = 16_384;

/** Those that are known. */
export const computeTypes: readonly string[] = Object.keys(COMPUTE);

/** What a compute type grants; undefined for one that is not known. `most`: what the operator lets a build have. */
export function computeLimits(computeType: string, most: Pick<Limits, 'diskBytes'> = {}): Required<Omit<Limits, 'fileBytes'>> | undefined {
  const found = COMPUTE[computeType];
  return found === undefined ? undefined : { computeType, ...found, processes: PROCESSES, ...diskLimits(Math.min(found.diskBytes, most.diskBytes ?? Infinity)) };
}

/** A disk of this size. */
export function diskLimits(diskBytes: number): Required<Pick<Limits, 'diskBytes' | 'inodes'>> {
  return { diskBytes, inodes: Math.floor(diskBytes / BYTES_PER_INODE) };
}

/** The limits as far as the machine goes, and in words where it is smaller than they are. */
export function clamped(limits: Limits, machine: { readonly memoryBytes: number; readonly cpus: number }): { limits: Limits; notices: string[] } {
  const notices: string[] = [];
  const result = { ...limits };
  if (limits.memoryBytes !== undefined && limits.memoryBytes > machine.memoryBytes) {
    result.memoryBytes = machine.memoryBytes;
    notices.push(`This machine has ${gib(machine.memoryBytes)} GB of memory, less than the ${gib(limits.memoryBytes)} GB of the compute type`);
  }
  if (limits.cpus !== undefined && limits.cpus > machine.cpus) {
    result.cpus = machine.cpus;
    notices.push(`This machine has ${machine.cpus} processors, fewer than the ${limits.cpus} of the compute type`);
  }
  return { limits: result, notices };
}

const gib = (bytes: number): number => Math.floor(bytes / GIB);

/** Why processes of the build were killed. */
export function outOfMemory({ computeType, memoryBytes = 0 }: Limits): string {
  const size = memoryBytes < GIB ? `${Math.floor(memoryBytes / 1024 ** 2)} MB` : `${gib(memoryBytes)} GB`;
  return `out of memory: the limit ${computeType === undefined ? 'of the build' : `of compute type ${computeType}`} is ${size}`;
}
