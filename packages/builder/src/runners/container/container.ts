import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MARK, codebuildFolder, commandsFolder, pipesFolder, stateFolder } from '../layout.ts';
import { groupsOf } from '../limits/cgroup.ts';
import { clamped } from '../limits/compute.ts';
import { joinNetworkNamespace } from '../network/namespace.ts';
import type { Network } from '../network/network.ts';
import { buildProcesses, endProcesses, processStat, processTree, signal } from '../processes.ts';
import { CannotOpen } from '../runner.ts';
import type { ContainerRequest, Runner, Session, SessionOptions, Workspace, WorkspaceRequest, Writable } from '../runner.ts';
import { CONTAINER_KEEPER, DRIVER, limitingFiles } from '../scripts.ts';
import { ShellSession, quote } from '../session.ts';
import { memoryKills, usageOfGroups } from '../usage/of-groups.ts';
import type { Groups } from '../usage/of-groups.ts';
import { usageOfProcesses } from '../usage/of-processes.ts';
import { together } from '../usage/usage.ts';
import type { Usage } from '../usage/usage.ts';
import { makeFolders } from '../workspace.ts';
import { Engine, EngineError } from './engine.ts';
import type { ContainerConfig, EngineInfo } from './engine.ts';
import { ImageUnavailable, provideImage } from './image.ts';
import { LABEL, forgetContainer, noteContainer } from './leftovers.ts';
import { Pipes } from './pipes.ts';
import { privileges } from './privileges.ts';
import { findEngineSocket } from './socket.ts';
import { writableOf } from './writable.ts';

const COMMANDS = '/slipway/commands';
const STATE = '/slipway/state';
const PIPES = '/slipway/pipes';
const ENVIRONMENT = 'environment.sh';
/** An engine that does not share this machine's kernel would never open our pipes. */
const READY_MS = 60_000;

/** What a build in a container may do as root, less than what engines leave by default: no raw sockets, no device nodes. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'SETFCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'AUDIT_WRITE'];

/**
 * A container of Docker's or Podman's, made through the engine's socket. The image needs nothing but /bin/sh. The engine
 * must be on this machine: the build's folders are bound into the container, and named pipes in them carry control and output.
 */
export const containerRunner: Runner = {
  kind: 'container',

  async unavailable(container) {
    const socket = container?.socket ?? findEngineSocket();
    if (socket === undefined) return 'no container engine was found: neither DOCKER_HOST nor the usual places of Docker and Podman name a socket';
    return engineProblem(socket);
  },

  async prepare(request) {
    const { container, folder, mark } = request;
    if (container === undefined) throw new CannotOpen('A build in a container needs an image');
    const engine = new Engine(container.socket);
    const info = await engine.info();
    await makeFolders(folder, { shared: true });
    try {
      const imageId = await settledImage(engine, container);
      await noteContainer(folder, { socket: container.socket, mark });
      return new ContainerWorkspace(request, { ...container, imageId }, engine, info);
    } catch (error) {
      if (!(error instanceof ImageUnavailable)) throw error;
      throw new CannotOpen(error.message);
    }
  },
};

async function settledImage(engine: Engine, { socket, image, imageId }: ContainerRequest): Promise<string> {
  if (imageId === undefined) return (await provideImage({ socket, image, pull: 'if-missing' })).id;
  if (await engine.hasImage(imageId)) return imageId;
  throw new CannotOpen(`The image ${image} (${imageId}) is no longer there: the container engine has lost it since the build was provisioned`);
}

/** Why the engine at a socket cannot be used, if so. */
export async function engineProblem(socket: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'The container runner needs Linux: it shares folders and named pipes with the engine';
  try {
    await new Engine(socket).info();
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.message;
  }
}

type SettledContainer = ContainerRequest & { readonly imageId: string };

class ContainerWorkspace implements Workspace {
  readonly output = '/codebuild/output';
  readonly user = 'root';
  // PATH is the image's to say.
  readonly environment = { HOME: '/root' };
  readonly notices: readonly string[];
  readonly #request: WorkspaceRequest;
  readonly #container: SettledContainer;
  readonly #engine: Engine;
  readonly #info: EngineInfo;
  readonly #hostConfig: Readonly<Record<string, unknown>>;
  #network: Network | undefined;
  #id: string | undefined;
  #pid = 0;
  /** By which the first process is known from another one of the same number. */
  #started: string | undefined;
  #engineLost = false;

  constructor(request: WorkspaceRequest, container: SettledContainer, engine: Engine, info: EngineInfo) {
    this.#request = request;
    this.#container = container;
    this.#engine = engine;
    this.#info = info;
    const { config, notices } = hostConfig(request, container, info);
    this.#hostConfig = config;
    this.notices = notices;
  }

  async open(options: SessionOptions): Promise<Session> {
    const { folder } = this.#request;
    const pipes = await Pipes.make(pipesFolder(folder));
    try {
      const id = await this.#create(options);
      this.#id = id;
      await this.#start(id);
      const gone = this.#engine.wait(id).then(() => this.#lostEngine(), () => this.#lostEngine());
      this.#pid = (await this.#engine.inspect(id))?.pid ?? 0;
      this.#started = processStat(this.#pid)?.started;
      const network = await this.#openNetwork();
      const prepare = this.#container.privileged === true ? privileges().prepare : undefined;
      if (prepare !== undefined) await this.#engine.exec(id, prepare);
      await this.#writeEnvironment({ ...network?.environment, ...options.env });
      const bash = await this.#begin(id, pipes, gone);
      if (options.shell === 'bash' && bash === '') throw new CannotOpen(`The buildspec asks for the shell bash, which the image ${this.#container.image} does not have`);
      return new ShellSession(pipes.keeper(gone), {
        commands: { host: commandsFolder(folder), build: COMMANDS }, state: { host: stateFolder(folder), build: STATE }, user: 'root', home: '/root',
      }, options.shell === 'bash' ? bash : '/bin/sh', options);
    } catch (error) {
      pipes.abandon();
      throw error;
    } finally {
      await rm(join(commandsFolder(folder), ENVIRONMENT), { force: true });
    }
  }

  /** Answers where the image has bash, or an empty text. */
  async #begin(id: string, pipes: Pipes, gone: Promise<unknown>): Promise<string> {
    const patience = new AbortController();
    const late = delay(READY_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    const said = await pipes.begin(Promise.race([gone, late]));
    patience.abort();
    if (said !== undefined) return said.replace(/^ready ?/, '');
    throw new CannotOpen(await this.#silence(id));
  }

  async #silence(id = this.#id ?? ''): Promise<string> {
    const state = await this.#engine.inspect(id);
    const how = state?.running === true ? 'said nothing' : `ended${state === undefined ? '' : ` with status ${state.exitCode}`}${state?.outOfMemory === true ? ', out of memory,' : ''}`;
    return `The container of the image ${this.#container.image} ${how} before its first command: ${(await this.#engine.logs(id)).trim() || 'its log is empty'}`;
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#id === undefined) return;
    try {
      if (graceMs > 0) await this.#terminate(graceMs);
      await this.#reclaim();
      // An engine takes its time, in which a build that is to end could do more of what it is ended for.
      for (const { pid } of buildProcesses(this.#request.mark)) signal(pid, 'SIGKILL');
      await this.#engine.remove(this.#id);
      this.#id = undefined;
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== undefined) throw error;
      // Whoever sweeps the build's folder removes the container when the engine is there again; here its processes end.
      this.#engineLost = true;
      this.#id = undefined;
      throw error;
    } finally {
      await endProcesses(() => buildProcesses(this.#request.mark, this.#first()));
    }
  }

  /** Whether the container's processes are ours to signal: not those of root's engine, where we are not root. */
  #mayBeSignalled(): boolean {
    try {
      return this.#pid > 0 && process.kill(this.#pid, 0);
    } catch {
      return false;
    }
  }

  /** The container's first process, while it lives. */
  #first(): number[] {
    return this.#pid > 0 && this.#started !== undefined && processStat(this.#pid)?.started === this.#started && this.#id === undefined ? [this.#pid] : [];
  }

  /** Why the container ended, if it was its engine that did. */
  async #lostEngine(): Promise<string | undefined> {
    try {
      await this.#engine.info();
      return undefined;
    } catch (error) {
      return `The build's container was lost with its engine: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async measure(): Promise<Usage> {
    if (this.#id === undefined) return {};
    const groups = this.#groups(this.#id);
    // Where the engine's pids are this machine's, the kernel is asked directly: that costs the engine nothing.
    const counted = groups === undefined ? await this.#engineUsage(this.#id) : together(usageOfGroups(groups), usageOfProcesses(processTree(this.#pid)));
    return { ...counted, ...this.#network?.usage() };
  }

  async #engineUsage(id: string): Promise<Usage> {
    try {
      return await this.#engine.usage(id);
    } catch (error) {
      // Rootless Podman cannot tell everywhere.
      if (error instanceof EngineError) return {};
      throw error;
    }
  }

  async memoryKills(): Promise<number> {
    if (this.#id === undefined) return 0;
    const groups = this.#groups(this.#id);
    if (groups !== undefined) return memoryKills(groups);
    return (await this.#engine.inspect(this.#id))?.outOfMemory === true ? 1 : 0;
  }

  /** Engines call a container's control groups by its id; a pid alone might be of another machine's namespace. */
  #groups(id: string): Groups | undefined {
    return this.#pid === 0 ? undefined : groupsOf(this.#pid, id);
  }

  async writable(): Promise<Writable> {
    return writableOf(this.#pid, ['/codebuild', '/slipway'], () => (this.#id === undefined ? Promise.resolve(0) : this.#engine.layerBytes(this.#id)));
  }

  async destroy(): Promise<void> {
    await this.stop(0);
    this.#network?.close();
    const { folder } = this.#request;
    for (const path of [commandsFolder(folder), stateFolder(folder), pipesFolder(folder)]) await rm(path, { recursive: true, force: true });
    if (!this.#engineLost) await forgetContainer(folder);
  }

  async #create(options: SessionOptions): Promise<string> {
    const { mark } = this.#request;
    const config: ContainerConfig = {
      Image: this.#container.imageId, Entrypoint: ['/bin/sh'], Cmd: ['-c', limitingFiles(CONTAINER_KEEPER, this.#request.limits), 'sh', DRIVER, STATE, PIPES, `${COMMANDS}/${ENVIRONMENT}`],
      Env: [`${MARK}=${mark}`], WorkingDir: options.cwd, User: '0:0', Labels: { [LABEL]: mark }, HostConfig: this.#hostConfig,
    };
    return this.#engine.create(`slipway-${mark}`, config);
  }

  async #start(id: string): Promise<void> {
    try {
      await this.#engine.start(id);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new CannotOpen(`The container of the image ${this.#container.image} could not be started (an image needs /bin/sh): ${error.message}`);
    }
  }

  async #openNetwork(): Promise<Network | undefined> {
    const { network } = this.#request;
    if (network === undefined || network.mode === 'host') return undefined;
    // The engine knows no first process of a container that is over already: its log says why.
    if (this.#pid === 0) throw new CannotOpen(await this.#silence());
    this.#network = await joinNetworkNamespace(this.#pid, network);
    return this.#network;
  }

  async #writeEnvironment(variables: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(variables).filter(([name]) => /^[A-Za-z_]\w*$/.test(name) && !READ_ONLY.includes(name)).map(([name, value]) => `export ${name}=${quote(value)}\n`);
    await writeFile(join(commandsFolder(this.#request.folder), ENVIRONMENT), lines.join(''), { flag: 'wx', mode: 0o600 });
  }

  /** TERM to everything but the keeper; comes back when nothing else is left or the grace is over. */
  async #terminate(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    const all = buildProcesses(this.#request.mark);
    const visible = all.length > 0;
    const others = all.filter(({ pid }) => pid !== this.#pid);
    if (visible && this.#mayBeSignalled()) for (const { pid } of others) signal(pid, 'SIGTERM');
    // From inside, "-1" is everybody but the first process and whoever asks. It takes the engine a while.
    else await this.#engine.exec(this.#id ?? '', ['/bin/sh', '-c', 'kill -TERM -1']).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
    });
    const left = (): boolean => !visible || buildProcesses(this.#request.mark).some(({ pid }) => pid !== this.#pid);
    while (performance.now() < until && left()) await delay(25);
  }

  /** Root's files in a container of a root engine are root's on this machine: whoever runs Slipway could not remove them. */
  async #reclaim(): Promise<void> {
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    if (uid === 0 || this.#info.rootless || this.#id === undefined || (await this.#engine.inspect(this.#id))?.running !== true) return;
    await this.#engine.exec(this.#id, ['/bin/sh', '-c', 'kill -KILL -1; chown -R -h "$0" /codebuild /slipway/state', `${uid}:${gid}`]);
  }
}

/** Shells refuse to be told these, and end. */
const READ_ONLY = ['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID'];

function hostConfig(request: WorkspaceRequest, container: ContainerRequest, info: EngineInfo): { config: Record<string, unknown>; notices: string[] } {
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
      ...(container.privileged === true
        ? privileged?.hostConfig
        : { CapDrop: ['ALL'], CapAdd: CAPABILITIES, SecurityOpt: ['no-new-privileges', ...(info.selinux ? ['label=disable'] : [])] }),
    },
  };
}

const bind = (Source: string, Target: string, ReadOnly: boolean): unknown => ({ Type: 'bind', Source, Target, ReadOnly });
