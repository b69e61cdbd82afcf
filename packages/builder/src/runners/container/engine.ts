import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { buffer, text } from 'node:stream/consumers';
import type { Usage } from '../usage/usage.ts';
import type { ImageReference } from './reference.ts';

/** What went wrong between us and the container engine. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** The HTTP status of the engine's answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** How to sign in to a private registry. */
export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
}

export interface EngineInfo {
  readonly rootless: boolean;
  readonly selinux: boolean;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Which limits the engine can enforce here. */
  readonly limits: { readonly memory: boolean; readonly cpus: boolean; readonly processes: boolean };
}

export interface ContainerState {
  readonly running: boolean;
  readonly pid: number;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
}

/** The part of the Engine API that builds need, as Docker and Podman both answer it on their socket. */
export class Engine {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** Whether it answers, at once. Tells which one it is. */
  async ping(): Promise<{ readonly name: 'Docker' | 'Podman' }> {
    const response = await this.#send('GET', '/_ping');
    response.resume();
    return { name: response.headers['libpod-api-version'] === undefined ? 'Docker' : 'Podman' };
  }

  /** Podman starts many programs to find that out, which takes it a second. */
  async info(): Promise<EngineInfo> {
    const info = await this.#json<RawInfo>('GET', '/info');
    const security = (info.SecurityOptions ?? []).join(' ');
    return {
      rootless: info.Rootless === true || security.includes('name=rootless'),
      selinux: security.includes('name=selinux'),
      cpus: info.NCPU ?? 1,
      memoryBytes: info.MemTotal ?? 0,
      limits: { memory: info.MemoryLimit === true, cpus: info.CpuCfsQuota === true, processes: info.PidsLimit === true },
    };
  }

  /** The id of an image by its name; undefined when the engine does not have it. */
  async imageId({ name }: ImageReference): Promise<string | undefined> {
    return this.#imageId(name);
  }

  /** Whether the engine still has the image of an id. */
  async hasImage(id: string): Promise<boolean> {
    return /^sha256:[0-9a-f]{64}$/.test(id) && (await this.#imageId(id)) !== undefined;
  }

  /** @throws EngineError with the registry's own words */
  async pull({ host, repository, name, tag }: ImageReference, auth?: RegistryAuth, signal?: AbortSignal): Promise<void> {
    const query = new URLSearchParams(tag === undefined ? { fromImage: name } : { fromImage: repository, tag });
    const headers: Record<string, string> = auth === undefined ? {} : { 'x-registry-auth': encodeAuth(auth, host) };
    const response = await this.#send('POST', `/images/create?${query}`, undefined, { headers, ...(signal === undefined ? {} : { signal }) });
    // The status is 200 before the pull begins: a failure is a line of the stream.
    await this.#toTheEnd(async () => {
      for await (const line of createInterface({ input: response })) {
        const said = parse<{ error?: string }>(line);
        if (said?.error !== undefined) throw new EngineError(said.error);
      }
    });
  }

  /** Answers the container's id. */
  async create(name: string, config: ContainerConfig): Promise<string> {
    return (await this.#json<{ Id: string }>('POST', `/containers/create?${new URLSearchParams({ name })}`, config)).Id;
  }

  async start(id: string): Promise<void> {
    await this.#json('POST', `/containers/${id}/start`);
  }

  /** Undefined when there is no such container. */
  async inspect(id: string): Promise<ContainerState | undefined> {
    try {
      const { State } = await this.#json<{ State: { Running: boolean; Pid: number; ExitCode: number; OOMKilled: boolean } }>('GET', `/containers/${id}/json`);
      return { running: State.Running, pid: State.Pid, exitCode: State.ExitCode, outOfMemory: State.OOMKilled };
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** What has been written into the container's own layer, bytes; the engine counts it when it is asked. */
  async layerBytes(id: string): Promise<number> {
    try {
      return (await this.#json<{ SizeRw?: number }>('GET', `/containers/${id}/json?size=1`)).SizeRw ?? 0;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return 0;
      throw error;
    }
  }

  /** Resolves when the container runs no more. */
  async wait(id: string): Promise<void> {
    const response = await this.#send('POST', `/containers/${id}/wait`);
    await this.#toTheEnd(() => text(response));
  }

  /** What the container uses, as the engine tells it: with Docker once a second at most. */
  async usage(id: string): Promise<Usage> {
    // Podman answers nothing where the container ends meanwhile.
    const { cpu_stats: cpu, memory_stats: memory } = (await this.#json<RawStats | undefined>('GET', `/containers/${id}/stats?stream=false&one-shot=true`)) ?? {};
    const nanos = cpu?.cpu_usage?.total_usage ?? 0;
    const used = memory?.usage ?? 0;
    // A container that runs uses some of each: nothing at all means that the engine does not know.
    return {
      ...(nanos === 0 ? {} : { cpuMs: nanos / 1_000_000 }),
      ...(used === 0 ? {} : { memoryBytes: Math.max(0, used - (memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0)) }),
    };
  }

  /** What the container wrote where nobody else reads it: the words of a shell that could not begin. */
  async logs(id: string): Promise<string> {
    const response = await this.#send('GET', `/containers/${id}/logs?stdout=1&stderr=1&tail=20`);
    return demultiplexed(await this.#toTheEnd(() => buffer(response)));
  }

  /** Runs a program in the container as root and waits for it. Answers its status. */
  async exec(id: string, command: readonly string[]): Promise<number> {
    const { Id } = await this.#json<{ Id: string }>('POST', `/containers/${id}/exec`, { Cmd: command, User: '0:0', AttachStdout: true, AttachStderr: true });
    const response = await this.#send('POST', `/exec/${Id}/start`, { Detach: false, Tty: false });
    // The stream ends with the program.
    response.resume();
    await new Promise<void>((resolve) => response.once('close', resolve));
    return (await this.#json<{ ExitCode: number | null }>('GET', `/exec/${Id}/json`)).ExitCode ?? -1;
  }

  /** Kills and removes the container with its volumes; one that is gone already is fine. */
  async remove(id: string): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#json('DELETE', `/containers/${id}?force=1&v=1`);
        return;
      } catch (error) {
        if (!(error instanceof EngineError) || error.status === undefined) throw error;
        if (error.status === 404) return;
        // 409: somebody else is removing it; 500: its processes have not gone yet.
        if (attempt >= 20 || (error.status !== 409 && error.status !== 500)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** The ids of all containers with these labels, running or not. */
  async find(labels: Readonly<Record<string, string>>): Promise<string[]> {
    const filters = JSON.stringify({ label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) });
    return (await this.#json<{ Id: string }[]>('GET', `/containers/json?${new URLSearchParams({ all: '1', filters })}`)).map(({ Id }) => Id);
  }

  async #imageId(name: string): Promise<string | undefined> {
    try {
      const { Id } = await this.#json<{ Id: string }>('GET', `/images/${encodeImage(name)}/json`);
      return Id.startsWith('sha256:') ? Id : `sha256:${Id}`;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body);
    const said = await this.#toTheEnd(() => text(response));
    return (said === '' ? undefined : JSON.parse(said)) as T;
  }

  async #send(method: string, path: string, body?: unknown, options: { headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        socketPath: this.socket, method, path, agent: false, ...(options.signal === undefined ? {} : { signal: options.signal }),
        headers: { host: 'engine', ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }), ...options.headers },
      }, resolve);
      sent.on('error', (error) => reject(this.#silence(error)));
      sent.end(payload);
    });
    const status = response.statusCode ?? 0;
    if (status < 400) return response;
    const said = await this.#toTheEnd(() => text(response));
    const { message, cause } = parse<{ message?: string; cause?: string }>(said) ?? {};
    throw new EngineError(message ?? cause ?? (said.trim() || `The container engine answers ${status}`), status);
  }

  /** Reads an answer, in the middle of which the engine may end. */
  async #toTheEnd<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw error instanceof EngineError ? error : this.#silence(error);
    }
  }

  #silence(error: unknown): EngineError {
    return new EngineError(`The container engine at ${this.socket} does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What `POST /containers/create` takes, as far as builds use it. */
export interface ContainerConfig {
  readonly Image: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly User: string;
  readonly Hostname?: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

interface RawStats {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly stats?: { readonly total_inactive_file?: number; readonly inactive_file?: number } };
}

interface RawInfo {
  readonly SecurityOptions?: readonly string[];
  readonly Rootless?: boolean;
  readonly NCPU?: number;
  readonly MemTotal?: number;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
}

function encodeAuth({ username, password }: RegistryAuth, host: string): string {
  return encodeHeader({ username, password, serveraddress: host === 'docker.io' ? 'https://index.docker.io/v1/' : host });
}

/** Base64 for URLs as engines take it, padding included: without it Podman loses the end of some. */
export const encodeHeader = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

/** Podman takes colons and @ as they are only. */
const encodeImage = (image: string): string => encodeURIComponent(image).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@');

function parse<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    // Not JSON: an answer of something that stands between us and the engine.
    return undefined;
  }
}

/** The engine's frames of one stream kind and length each, put together. */
function demultiplexed(bytes: Buffer): string {
  let out = '';
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    out += bytes.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length;
  }
  return out;
}
