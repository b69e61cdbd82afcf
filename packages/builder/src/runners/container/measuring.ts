import { groupsOf } from '../limits/cgroup.ts';
import { processTree } from '../processes.ts';
import { memoryKills, usageOfGroups } from '../usage/of-groups.ts';
import type { Groups } from '../usage/of-groups.ts';
import { usageOfProcesses } from '../usage/of-processes.ts';
import { together } from '../usage/usage.ts';
import type { Usage } from '../usage/usage.ts';
import type { Running } from './ending.ts';
import { EngineError } from './engine.ts';

/** Where the engine's pids are this machine's, the kernel is asked directly: that costs the engine nothing. */
export async function usageOf(container: Running): Promise<Usage> {
  const groups = groupsOfContainer(container);
  if (groups !== undefined) return together(usageOfGroups(groups), usageOfProcesses(processTree(container.pid)));
  try {
    return await container.engine.usage(container.id);
  } catch (error) {
    // Rootless Podman cannot tell everywhere.
    if (error instanceof EngineError) return {};
    throw error;
  }
}

export async function memoryKillsOf(container: Running): Promise<number> {
  const groups = groupsOfContainer(container);
  if (groups !== undefined) return memoryKills(groups);
  try {
    return (await container.engine.inspect(container.id))?.outOfMemory === true ? 1 : 0;
  } catch (error) {
    // An engine that has gone tells nothing: why the build ended is said by whoever waits for its container.
    if (error instanceof EngineError) return 0;
    throw error;
  }
}

/** Engines call a container's control groups by its id; a pid alone might be of another machine's namespace. */
const groupsOfContainer = ({ pid, id }: Running): Groups | undefined => (pid === 0 ? undefined : groupsOf(pid, id));
