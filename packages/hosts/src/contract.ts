/**
 * A host is a cheap machine on this machine, with the deploy agent running in it.
 *
 * Life: `create` (a new host of that folder; one that an earlier process left there is destroyed first) → its agent polls the
 * endpoint, is started again whenever it ends, and runs whatever is deployed → `destroy`, which ends every process that was
 * started there, daemons that hooks left behind included, and removes the folder.
 *
 * A host outlives the process that made it: everything needed to find and end it lies in its folder, so `open` in another
 * process answers the same host.
 *
 * Hooks on every kind of host see the same variables, so that one script serves all kinds:
 * `SLIPWAY_HOST_NAME`; `SLIPWAY_HOST_ADDRESS` and `SLIPWAY_HOST_PORT`, where the deployed app listens so as to be reached
 * under the host's `address`; and `SLIPWAY_HOST_ROOT`, the folder under which the AppSpec's absolute paths are placed, empty
 * where the host has a file system of its own: `$SLIPWAY_HOST_ROOT/var/www` is `/var/www` as the AppSpec means it.
 * `node` is on the PATH.
 */
export interface HostKind {
  readonly name: 'plain' | 'netns';
  /** Undefined when hosts of this kind can be made here, else why not. */
  unavailable(): Promise<string | undefined>;
  create(options: HostOptions): Promise<Host>;
  /** The host that lives in this folder, or undefined when it is gone. */
  open(folder: string): Promise<Host | undefined>;
}

export interface HostOptions {
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  /** The host's own folder; made when missing, removed by `destroy`. */
  readonly folder: string;
  /** The bundled agent, one file. */
  readonly agentPath: string;
  /** The server as this machine reaches it: `http://127.0.0.1:4566`. Hosts reach it under the same URL. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: HostCredentials;
  /** The ARN under which the host is registered. */
  readonly hostIdentifier: string;
  /** Where the deployed app is to listen. By default a free port (plain), 80 (netns). */
  readonly port?: number;
  /** Folders of this machine that the host must not see, such as a server's data. Plain hosts cannot hide anything. */
  readonly hide?: readonly string[];
}

export interface HostCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Host {
  readonly kind: HostKind['name'];
  readonly name: string;
  readonly folder: string;
  /** Base URL of what is deployed there, as this machine reaches it: `http://127.0.0.1:41234`. */
  readonly address: string;
  /** What the agent and its supervisor print. */
  readonly logFile: string;
  /** A path of the host as this machine sees it. */
  pathOf(path: string): string;
  destroy(): Promise<void>;
}

/** A host that cannot be made; the message says what is missing. */
export class HostError extends Error {
  override readonly name = 'HostError';
}
