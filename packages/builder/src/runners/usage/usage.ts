/** What the processes of a build have used since it began. A member that is absent cannot be known in that place. */
export interface Usage {
  readonly cpuMs?: number;
  /** In use now. What the kernel keeps of files and would give up at once is not counted. */
  readonly memoryBytes?: number;
  /** From disks and to them: what the kernel had in memory already was not read. */
  readonly storageReadBytes?: number;
  readonly storageWrittenBytes?: number;
  /** Over the ways out of the build's own network. */
  readonly networkReceivedBytes?: number;
  readonly networkSentBytes?: number;
}

/** What only ever grows. */
export const COUNTERS = ['cpuMs', 'storageReadBytes', 'storageWrittenBytes', 'networkReceivedBytes', 'networkSentBytes'] as const;
export type Counter = (typeof COUNTERS)[number];

/**
 * The same build seen in two ways. Each may miss something (a group the writes that the kernel still holds back, a tree of
 * processes those that have left it), and neither counts what was not: of counters the larger is nearer. What is in use
 * is as the first says.
 */
export function together(first: Usage, second: Usage): Usage {
  const memoryBytes = first.memoryBytes ?? second.memoryBytes;
  return { ...larger(first, second), ...(memoryBytes === undefined ? {} : { memoryBytes }) };
}

/** The counters of both, each as the larger has it. */
export function larger(first: Usage, second: Usage): Pick<Usage, Counter> {
  return Object.fromEntries(COUNTERS.flatMap((name) => {
    const values = [first[name], second[name]].filter((value) => value !== undefined);
    return values.length === 0 ? [] : [[name, Math.max(...values)]];
  }));
}
