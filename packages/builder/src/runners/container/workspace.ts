import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandsFolder, pipesFolder, stateFolder } from '../layout.ts';
import { joinNetworkNamespace } from '../network/namespace.ts';
import type { Network } from '../network/network.ts';
import { buildProcesses, endProcesses } from '../processes.ts';
import { CannotOpen } from '../runner.ts';
import type { Session, SessionOptions, Workspace, WorkspaceRequest, Writable } from '../runner.ts';
import { ShellSession } from '../session.ts';
import type { Usage } from '../usage/usage.ts';
import { beginKeeper, silence, startContainer, writeEnvironment } from './beginning.ts';
import type { Fresh } from './beginning.ts';
import { lostEngine, removeContainer, terminate } from './ending.ts';
import type { Running } from './ending.ts';
import { EngineError } from './engine.ts';
import type { Engine, EngineInfo } from './engine.ts';
import { forgetContainer } from './leftovers.ts';
import { COMMANDS, STATE, containerConfig, hostConfigOf } from './making.ts';
import type { HostConfig, SettledContainer } from './making.ts';
import { memoryKillsOf, usageOf } from './measuring.ts';
import { Pipes } from './pipes.ts';
import { privileges } from './privileges.ts';
import { writableOf } from './writable.ts';

const ENVIRONMENT = 'environment.sh';
/** Long enough for an engine to learn that a container's first process has ended. */
const KNOWN_MS = 5_000;

/** One build's container, from its making to its removal. */
export class ContainerWorkspace implements Workspace {
  readonly output = '/codebuild/output';
  readonly user = 'root';
  // PATH is the image's to say.
  readonly environment = { HOME: '/root' };
  readonly #request: WorkspaceRequest;
  readonly #container: SettledContainer;
  readonly #engine: Engine;
  readonly #info: EngineInfo;
  readonly #hostConfig: HostConfig;
  #network: Network | undefined;
  /** While the engine has it. */
  #id: string | undefined;
  #pid = 0;
  #engineLost = false;

  constructor(request: WorkspaceRequest, container: SettledContainer, engine: Engine, info: EngineInfo) {
    this.#request = request;
    this.#container = container;
    this.#engine = engine;
    this.#info = info;
    this.#hostConfig = hostConfigOf(request, container, info);
  }

  get notices(): readonly string[] {
    return this.#hostConfig.notices;
  }

  async open(options: SessionOptions): Promise<Session> {
    const { folder, mark } = this.#request;
    const environmentFile = join(commandsFolder(folder), ENVIRONMENT);
    const pipes = await Pipes.make(pipesFolder(folder));
    try {
      const config = containerConfig(this.#request, this.#container, { hostConfig: this.#hostConfig, cwd: options.cwd, environmentFile: ENVIRONMENT });
      const id = await this.#engine.create(`slipway-${mark}`, config);
      this.#id = id;
      const fresh = { engine: this.#engine, id, image: this.#container.image };
      await startContainer(fresh);
      const gone = this.#engine.wait(id).then(() => lostEngine(this.#engine), () => lostEngine(this.#engine));
      this.#pid = (await this.#engine.inspect(id))?.pid ?? 0;
      const network = await this.#openNetwork(fresh, gone);
      const prepare = this.#container.privileged === true ? privileges().prepare : undefined;
      if (prepare !== undefined) await this.#engine.exec(id, prepare);
      await writeEnvironment(environmentFile, { ...network?.environment, ...options.env });
      const bash = await beginKeeper(fresh, pipes, gone);
      if (options.shell === 'bash' && bash === '') throw new CannotOpen(`The buildspec asks for the shell bash, which the image ${this.#container.image} does not have`);
      return new ShellSession(pipes.keeper(gone), {
        commands: { host: commandsFolder(folder), build: COMMANDS }, state: { host: stateFolder(folder), build: STATE }, user: 'root', home: '/root',
      }, options.shell === 'bash' ? bash : '/bin/sh', options);
    } catch (error) {
      pipes.abandon();
      throw error;
    } finally {
      await rm(environmentFile, { force: true });
    }
  }

  async stop(graceMs: number): Promise<void> {
    const running = this.#running();
    if (running === undefined) return;
    try {
      if (graceMs > 0) await terminate(running, graceMs);
      await removeContainer(running, this.#info);
      this.#id = undefined;
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== undefined) throw error;
      // Whoever sweeps the build's folder removes the container when the engine is there again; here its processes end.
      this.#engineLost = true;
      this.#id = undefined;
      throw error;
    } finally {
      await endProcesses(() => buildProcesses(this.#request.mark));
    }
  }

  async measure(): Promise<Usage> {
    const running = this.#running();
    return running === undefined ? {} : { ...await usageOf(running), ...this.#network?.usage() };
  }

  async memoryKills(): Promise<number> {
    const running = this.#running();
    return running === undefined ? 0 : memoryKillsOf(running);
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

  async #openNetwork(fresh: Fresh, gone: Promise<unknown>): Promise<Network | undefined> {
    const { network } = this.#request;
    if (network === undefined || network.mode === 'host') return undefined;
    // The engine knows no first process of a container that is over already: its log says why.
    if (this.#pid === 0) throw await silence(fresh);
    try {
      this.#network = await joinNetworkNamespace(this.#pid, network);
    } catch (error) {
      // A container that ends while its network is looked for says more by how it ended, once its engine knows.
      await Promise.race([gone, delay(KNOWN_MS, undefined, { ref: false })]);
      if ((await this.#engine.inspect(fresh.id))?.running !== true) throw await silence(fresh);
      throw error;
    }
    return this.#network;
  }

  #running(): Running | undefined {
    return this.#id === undefined ? undefined : { engine: this.#engine, id: this.#id, mark: this.#request.mark, pid: this.#pid };
  }
}
