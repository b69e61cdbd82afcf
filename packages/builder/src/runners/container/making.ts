import { MARK, codebuildFolder, commandsFolder, pipesFolder, stateFolder } from '../layout.ts';
import { clamped } from '../limits/compute.ts';
import type { ContainerRequest, WorkspaceRequest } from '../runner.ts';
import { CONTAINER_KEEPER, DRIVER, limitingFiles } from '../scripts.ts';
import type { ContainerConfig, EngineInfo } from './engine.ts';
import { LABEL } from './leftovers.ts';
import { privileges } from './privileges.ts';

/** Where a container has the build's folders, besides /codebuild. */
export const COMMANDS = '/slipway/commands';
export const STATE = '/slipway/state';
const PIPES = '/slipway/pipes';

/** What a build in a container may do as root, less than what engines leave by default: no raw sockets, no device nodes. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'SETFCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'AUDIT_WRITE'];

/** A request whose image the engine has. */
export type SettledContainer = ContainerRequest & { readonly imageId: string };

export interface HostConfig {
  readonly config: Readonly<Record<string, unknown>>;
  /** What the build does not get. */
  readonly notices: readonly string[];
}

/** `environmentFile`: in the folder of commands, by its name, with what the keeper is to read and nobody to see in an inspection. */
export function containerConfig({ mark, limits }: WorkspaceRequest, { imageId }: SettledContainer, { hostConfig, cwd, environmentFile }: { hostConfig: HostConfig; cwd: string; environmentFile: string }): ContainerConfig {
  return {
    Image: imageId, Entrypoint: ['/bin/sh'], Cmd: ['-c', limitingFiles(CONTAINER_KEEPER, limits), 'sh', DRIVER, STATE, PIPES, `${COMMANDS}/${environmentFile}`],
    Env: [`${MARK}=${mark}`], WorkingDir: cwd, User: '0:0', Labels: { [LABEL]: mark }, HostConfig: hostConfig.config,
  };
}

/** What of this machine the container gets, as far as the engine can give and withhold it. */
export function hostConfigOf(request: WorkspaceRequest, container: ContainerRequest, info: EngineInfo): HostConfig {
  const { limits, notices } = clamped(request.limits ?? {}, info);
  const refused: string[] = [];
  const enforced = <T>(value: T | undefined, possible: boolean, what: string): T | undefined => {
    if (value !== undefined && !possible) refused.push(what);
    return possible ? value : undefined;
  };
  const memory = enforced(limits.memoryBytes, info.limits.memory, 'memory');
  const processors = enforced(limits.cpus, info.limits.cpus, 'processors');
  const processes = enforced(limits.processes, info.limits.processes, 'processes');
  const { folder } = request;
  const network = request.network?.mode ?? 'host';
  const privileged = container.privileged === true ? privileges() : undefined;
  return {
    notices: [...notices, ...(privileged?.notices ?? []), ...(refused.length === 0 ? [] : [`The container engine cannot limit ${refused.join(', ')} here`])],
    config: {
      Mounts: [bind(codebuildFolder(folder), '/codebuild', false), bind(commandsFolder(folder), COMMANDS, true), bind(stateFolder(folder), STATE, false), bind(pipesFolder(folder), PIPES, false)],
      NetworkMode: network === 'host' ? 'host' : 'none',
      ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
      ...(processors === undefined ? {} : { NanoCpus: Math.round(processors * 1e9) }),
      ...(processes === undefined ? {} : { PidsLimit: processes }),
      ...(privileged?.hostConfig ?? { CapDrop: ['ALL'], CapAdd: CAPABILITIES, SecurityOpt: ['no-new-privileges', ...(info.selinux ? ['label=disable'] : [])] }),
    },
  };
}

const bind = (Source: string, Target: string, ReadOnly: boolean): unknown => ({ Type: 'bind', Source, Target, ReadOnly });
