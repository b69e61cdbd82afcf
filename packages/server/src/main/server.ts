import { readFileSync } from 'node:fs';
import type { StoredEvent } from '../engine/outbox.ts';
import { createEdge } from '../edge/server.ts';
import { systemClock, type Clock } from '../kernel/clock.ts';
import { jsonLog, type Log } from '../kernel/log.ts';
import { compose, type BuildRunner } from './compose.ts';
import { ConfigError, isLoopback, type Config } from './config.ts';
import { lockDataFolder, masterKey, openDataFolder, writeRootProfile, type RootProfile } from './data-folder.ts';
import { leastSeverity } from './log-level.ts';
import { removeServerNote, writeServerNote } from './server-note.ts';

export interface ServerOptions {
  /** Absolute paths of the bundled programs that the server starts or serves. */
  readonly programs: { readonly supervisor: string; readonly agent: string };
  readonly clock?: Clock;
  readonly log?: Log;
  /** Overrides the configured runner; `dummy` succeeds without processes, for tests. */
  readonly runner?: BuildRunner;
}

export interface RunningServer {
  readonly endpoint: string;
  /** Set at the first start, when a root key was made. */
  readonly newRootKey: (RootProfile & { readonly file: string }) | undefined;
  /** What the operator should know about this start, such as builds running without isolation. */
  readonly notices: readonly string[];
  onEvent(heard: (event: StoredEvent) => void): void;
  /** Resolves when no job is running or due and no event is undelivered. */
  settled(): Promise<void>;
  /** Ends open requests and running steps; builds go on under their supervisors. */
  stop(): Promise<void>;
}

/**
 * Opens the data folder, brings the schema up to date, composes the rooms, listens, and goes on with what was left running.
 * @throws ConfigError when the folder is in use, a key file is unusable or the address is taken.
 */
export async function startServer(config: Config, options: ServerOptions): Promise<RunningServer> {
  const log = options.log ?? leastSeverity(jsonLog(), config.logLevel);
  const tls = config.tls && { cert: readable(config.tls.certificateFile), key: readable(config.tls.keyFile) };
  const folder = openDataFolder(config.data);
  const unlock = config.databaseUrl ? () => {} : lockDataFolder(folder);
  // Rooms hand out URLs, and the port is known only once we listen.
  let endpoint = '';
  const house = await compose({
    config,
    folder,
    log,
    clock: options.clock ?? systemClock,
    masterKey: masterKey(folder, config.masterKeyFile),
    endpoint: () => endpoint,
    programs: options.programs,
    runner: options.runner ?? config.runner,
    certificates: tls && String(tls.cert),
  });

  const edge = createEdge({
    ...house.edge,
    clock: options.clock ?? systemClock,
    log,
    tls,
  });
  const address = await edge.listen(config.port, config.bind).catch((cause: unknown) => {
    throw new ConfigError(`cannot listen on ${config.bind} port ${config.port}: ${(cause as Error).message}`, { cause });
  });
  endpoint = `${config.tls ? 'https' : 'http'}://${config.bind.includes(':') ? `[${config.bind}]` : config.bind}:${address.port}`;

  const stop = async (): Promise<void> => {
    await edge.close();
    await house.stop();
    removeServerNote(config.data);
    unlock();
  };
  try {
    const made = await house.ensureRootKey(config.rootKey);
    // A given key goes into the profile too, so that `slipway env` needs to know nothing but the folder.
    const profileKey = config.rootKey ?? made;
    const file = profileKey && writeRootProfile(folder, profileKey);
    await house.start();
    writeServerNote(config.data, { endpoint, region: config.region, pid: process.pid });
    return {
      endpoint,
      newRootKey: made && file && !config.rootKey ? { ...made, file } : undefined,
      notices: [...house.notices, ...exposure(config)],
      onEvent: house.onEvent,
      settled: house.settled,
      stop,
    };
  } catch (error) {
    // Listening alone would keep the process, with nothing behind the address.
    await stop();
    throw error;
  }
}

function readable(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** What is readable on the way when others can reach us without TLS. */
function exposure({ bind, tls }: Config): string[] {
  if (tls || isLoopback(bind)) return [];
  return [`WARNING: listening on ${bind} without TLS: whoever is on the way reads everything and can change what hosts deploy. Give --tls-cert and --tls-key.`];
}
