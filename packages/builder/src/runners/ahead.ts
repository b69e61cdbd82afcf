import { closeSync } from 'node:fs';
import { makeNetworkNamespace } from './network/namespace.ts';
import type { NetworkNamespace } from './network/namespace.ts';
import type { NetworkRequest } from './network/network.ts';
import { isRoot, makeUserNamespace } from './users.ts';

/**
 * What lies around a sandbox and is made while there is time, before its build is known: it takes longer than an empty
 * build. Each is for one build: it is handed out once.
 */
export class Ahead {
  readonly #network: Made<NetworkNamespace> | undefined;
  readonly #users: Made<number> | undefined;

  /** `network`: undefined for the machine's own. */
  constructor(network: NetworkRequest | undefined) {
    this.#network = network === undefined ? undefined : new Made(JSON.stringify(network), makeNetworkNamespace(network), (made) => made.close());
    this.#users = isRoot() ? new Made('', makeUserNamespace(false), closeSync) : undefined;
  }

  /** The network, where one was made for this request. */
  async network(request: NetworkRequest): Promise<NetworkNamespace | undefined> {
    return this.#network?.take(JSON.stringify(request));
  }

  /** The descriptor of a user namespace with a single user in it. */
  async users(): Promise<number | undefined> {
    return this.#users?.take('');
  }
}

class Made<T> {
  readonly #key: string;
  readonly #drop: (made: T) => void;
  #made: Promise<T | undefined> | undefined;

  constructor(key: string, made: Promise<T>, drop: (made: T) => void) {
    this.#key = key;
    this.#drop = drop;
    // Whoever finds nothing here makes it anew, and hears why that fails.
    this.#made = made.catch(() => undefined);
  }

  async take(key: string): Promise<T | undefined> {
    const making = this.#made;
    this.#made = undefined;
    const made = await making;
    if (made === undefined || key === this.#key) return made;
    this.#drop(made);
    return undefined;
  }
}
