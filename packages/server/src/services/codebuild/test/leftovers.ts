import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../../builder/src/runners/container/engine.ts';
import { uuidOf } from '../builds/build.ts';

/** By which a build's processes are known while its folder is there. */
export interface Claim {
  readonly pid: number;
  readonly mark: string;
}

export const claimOf = (data: string, id: string): Claim => JSON.parse(readFileSync(join(data, 'builds', uuidOf(id), 'claim'), 'utf8')) as Claim;

/** The containers of a build that an engine has, running or not. */
export const containersOf = (socket: string | undefined, mark: string): Promise<string[]> => (socket === undefined ? Promise.resolve([]) : new Engine(socket).find({ 'dev.slipway.build': mark }));

/**
 * What is left on this machine of a build: processes that carry its mark or the word, which its commands have in their
 * arguments; mounts, control groups, network namespaces held by processes, containers, its folder.
 */
export async function leftOf(build: { data: string; id: string; mark: string; word: string; socket?: string | undefined }): Promise<string[]> {
  const { data, id, mark, word, socket } = build;
  const groups = ['.', 'memory', 'pids', 'cpu'].map((kind) => join('/sys/fs/cgroup', kind, 'slipway', mark));
  return [
    ...processes(({ environment, command }) => environment.includes(mark) || command.includes(word)).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(join(data, 'builds', uuidOf(id)))).map((line) => `mount ${line}`),
    ...groups.filter((group) => existsSync(group)).map((group) => `control group ${group}`),
    ...(await containersOf(socket, mark)).map((container) => `container ${container}`),
    ...(existsSync(join(data, 'builds', uuidOf(id))) ? ['its folder'] : []),
  ];
}

export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
  readonly environment: string;
}

/** The processes of the machine that are asked for, this one left out. */
export function processes(wanted: (process: SeenProcess) => boolean): SeenProcess[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((name) => {
    const seen = { pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim(), environment: read(`/proc/${name}/environ`) };
    return wanted(seen) ? [seen] : [];
  });
}

/** The network namespaces that some process is in. */
export function networkNamespaces(): Set<string> {
  return new Set(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${name}/ns/net`)];
    } catch {
      // Gone meanwhile.
      return [];
    }
  }));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Gone meanwhile.
    return '';
  }
}

/** Resolves when a process that is no child of ours has ended: there is no event for that. */
export async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
