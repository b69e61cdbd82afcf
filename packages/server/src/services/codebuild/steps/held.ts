import type { Caller } from '../../../kernel/caller.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Identities, SessionCredentials } from '../../../kernel/peers.ts';
import { ServiceError } from '../../../kernel/errors.ts';
import type { LogEntry, LogSink, LogWriter } from '../../../logs/ports.ts';
import { assumption, logNames, type StoredBuild } from '../builds/build.ts';
import { credentialsLifetime } from '../limits.ts';

/**
 * What this process holds in memory for builds under way, each made when first asked for: a role is assumed and a log
 * opened (and authorised) once per build, not once per step. After a restart they are made again.
 */
export interface Held {
  /** The build's service role. @throws ServiceError AccessDenied when it may not be assumed. */
  role(build: StoredBuild): Promise<Caller>;
  /** @throws ServiceError when the role may not write the log. */
  openLog(build: StoredBuild): Promise<void>;
  /** Writes lines into the log that was opened when the build was provisioned; nothing when it has none. */
  append(build: StoredBuild, entries: readonly LogEntry[]): Promise<void>;
  /** Keys for the build's own processes, the same ones as long as they are good for a while. */
  credentials(build: StoredBuild): Promise<SessionCredentials>;
  forget(build: Pick<StoredBuild, 'id'>): void;
}

interface Kept {
  role?: Promise<Caller>;
  writer?: Promise<LogWriter>;
  credentials?: SessionCredentials;
}

/** Keys are handed out while they are good for this long; SDKs ask for new ones up to 15 minutes before the end. ms */
const LEAST_LIFETIME = 20 * 60_000;

export function createHeld({ identities, logSink, clock, log }: { identities: Identities; logSink: LogSink; clock: Clock; log: Log }): Held {
  const all = new Map<string, Kept>();

  const kept = (build: StoredBuild): Kept => {
    const found = all.get(build.id) ?? {};
    all.set(build.id, found);
    return found;
  };

  const assume = (build: StoredBuild): Promise<Caller> => identities.assumeForService(assumption(build));

  function role(build: StoredBuild): Promise<Caller> {
    const mine = kept(build);
    return (mine.role ??= forgetFailure(assume(build), () => delete mine.role));
  }

  async function open(build: StoredBuild): Promise<LogWriter> {
    const names = logNames(build);
    if (!names) throw new Error('The build has no log');
    return logSink.open({ caller: await role(build), account: build.account, region: build.region, ...names, create: true });
  }

  function writer(build: StoredBuild): Promise<LogWriter> {
    const mine = kept(build);
    return (mine.writer ??= forgetFailure(open(build), () => delete mine.writer));
  }

  return {
    role,
    async openLog(build) {
      await writer(build);
    },
    async append(build, entries) {
      if (build.log_stream === null || entries.length === 0) return;
      try {
        await (await writer(build)).append(entries);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        // The role has lost its permission since: the build goes on as it does on AWS, its log does not.
        log.warn('The log of a build cannot be written', { build: build.id, error });
      }
    },
    async credentials(build) {
      const mine = kept(build);
      if (!mine.credentials || mine.credentials.expiration - clock.now() < LEAST_LIFETIME) {
        mine.credentials = await identities.credentialsFor(await role(build), credentialsLifetime);
      }
      return mine.credentials;
    },
    forget: ({ id }) => void all.delete(id),
  };
}

/** The role, or why it may not be assumed, in AWS's words: at first, or after a restart, when it has gone meanwhile. */
export async function becomeRole(held: Held, build: StoredBuild): Promise<{ role: Caller } | { problem: { statusCode: string; message: string } }> {
  try {
    return { role: await held.role(build) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { problem: { statusCode: 'ACCESS_DENIED', message: `CodeBuild is not authorized to perform: sts:AssumeRole on ${build.definition.serviceRole}. Error message: ${error.message}` } };
  }
}

function forgetFailure<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}
