import type { Client } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.ts';

type Heard = (payload: string) => void;

/**
 * One connection that listens for all channels; made at the first `listen`, made again when it breaks. What was
 * notified in between is lost: listeners also look by themselves from time to time.
 */
export class PostgresListener {
  readonly #make: () => Client;
  readonly #log: Log;
  readonly #heard = new Map<string, Set<Heard>>();
  #client: Promise<Client> | undefined;
  readonly #closing = new AbortController();

  constructor(make: () => Client, log: Log) {
    this.#make = make;
    this.#log = log;
  }

  async listen(channel: string, heard: Heard): Promise<() => Promise<void>> {
    const listeners = this.#heard.get(channel) ?? new Set();
    this.#heard.set(channel, listeners.add(heard));
    this.#client ??= this.#connect();
    const client = await this.#client;
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
    return async () => {
      listeners.delete(heard);
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#heard.clear();
    const client = await this.#client?.catch(() => undefined);
    await client?.end();
  }

  async #connect(): Promise<Client> {
    const client = this.#make();
    client.on('notification', ({ channel, payload }) => {
      for (const heard of this.#heard.get(channel) ?? []) heard(payload ?? '');
    });
    client.on('error', (error) => this.#log.warn('The connection that listens for other servers broke', { error }));
    await client.connect();
    for (const channel of this.#heard.keys()) await client.query(`listen ${client.escapeIdentifier(channel)}`);
    client.on('end', () => void this.#reconnect());
    return client;
  }

  async #reconnect(): Promise<void> {
    for (let wait = 100; !this.#closing.signal.aborted; wait = Math.min(wait * 2, 5_000)) {
      try {
        this.#client = this.#connect();
        await this.#client;
        return;
      } catch (error) {
        this.#log.warn('Listening for other servers failed and will be tried again', { error });
        await delay(wait, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }
}
