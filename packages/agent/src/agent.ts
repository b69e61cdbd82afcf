import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentConfig } from './config.ts';
import { diagnosticsOf, ErrorCode, succeeded } from './diagnostics.ts';
import { executor } from './execute.ts';
import { layoutOf } from './layout.ts';
import { ApiError, commandApi } from './protocol.ts';
import type { HostCommand } from './protocol.ts';
import { readSpecification } from './specification.ts';
import type { DeploymentSpecification } from './specification.ts';
import { tracker } from './tracker.ts';
import type { CommandResult, TrackedCommand } from './tracker.ts';

export interface AgentOptions {
  /** One line per step, for people; holds no secrets. */
  readonly log?: (line: string) => void;
}

/**
 * A running agent. Life: `startAgent` settles what a former life left behind and polls → `stop(graceMs)` ends polling, lets
 * commands finish and be reported, and after the grace ends them and reports them as failed → `ended` resolves.
 */
export interface Agent {
  stop(graceMs: number): Promise<void>;
  readonly ended: Promise<void>;
}

/** Commands that run at once: deployments of different groups to the same host. */
const MOST_RUNNING = 4;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;
/** A poll answered sooner than this was not held open: the next one waits this long. */
const UNHELD_POLL_MS = 1000;
/** Results that a repeated command is answered with. */
const REMEMBERED = 100;

export function startAgent(config: AgentConfig, options: AgentOptions = {}): Agent {
  const log = options.log ?? (() => {});
  const api = commandApi(config);
  const execute = executor(config);
  const track = tracker(layoutOf(config.rootDir).ongoing);
  /** Ends polling. */
  const quitting = new AbortController();
  /** Ends what runs. */
  const ending = new AbortController();
  /** Ends reporting too: the tracker holds the result for the next life. */
  const gone = new AbortController();
  const running = new Map<string, Promise<void>>();
  const results = new Map<string, CommandResult>();
  const specifications = new Map<string, DeploymentSpecification>();

  const take = (command: HostCommand): void => {
    const id = command.HostCommandIdentifier;
    if (!config.hostIdentifier.includes(command.HostIdentifier)) {
      log(`Host Identifier mismatch: a command for ${command.HostIdentifier} is left alone`);
      return;
    }
    const known = results.get(id);
    if (known !== undefined) launch(`${id} again`, deliver(command, known));
    else if (!running.has(id)) launch(id, run(command));
  };

  const launch = (id: string, work: Promise<void>): void => {
    running.set(id, work.catch((error: unknown) => log(`${id}: ${reason(error)}`)).finally(() => running.delete(id)));
  };

  const run = async (command: HostCommand): Promise<void> => {
    log(`${command.CommandName} of ${command.DeploymentExecutionId}: taken`);
    await track.save({ command, phase: 'taken', since: Date.now() });
    await resume(command);
  };

  /** A deployment's specification never changes: it is fetched once for all its events. */
  const specificationOf = async (execution: string): Promise<DeploymentSpecification> => {
    const known = specifications.get(execution);
    if (known !== undefined) return known;
    const answer = await persist(() => api.specification(execution, gone.signal));
    const spec = await readSpecification(answer.DeploymentSystem, answer.DeploymentSpecification?.GenericEnvelope);
    remember(specifications, execution, spec, MOST_RUNNING);
    return spec;
  };

  /** From `taken` to the end. Whatever goes wrong before `running` happened before anything was touched. */
  const resume = async (command: HostCommand): Promise<void> => {
    let spec: DeploymentSpecification;
    try {
      spec = await specificationOf(command.DeploymentExecutionId);
    } catch (error) {
      if (gone.signal.aborted) throw error;
      await finish(command, { status: 'Failed', diagnostics: diagnosticsOf(error) });
      return;
    }
    const noop = await execute.isNoop(command.CommandName, spec);
    const status = await persist(() => api.acknowledge(command.HostCommandIdentifier, noop, gone.signal));
    if (status === 'Succeeded' || status === 'Failed') {
      log(`${command.CommandName} of ${spec.deploymentId}: the server has it as ${status}`);
      if (status === 'Failed' && noop) await finish(command, { status: 'Succeeded', diagnostics: { ...succeeded(''), message: 'Succeeded: CompletedNoopCommand' } });
      else await track.forget(command);
      return;
    }
    await finish(command, await perform(command, spec));
  };

  const perform = async (command: HostCommand, spec: DeploymentSpecification): Promise<CommandResult> => {
    await track.save({ command, phase: 'running', since: Date.now() });
    try {
      return { status: 'Succeeded', diagnostics: await execute.perform(command.CommandName, spec, ending.signal) };
    } catch (error) {
      return { status: 'Failed', diagnostics: diagnosticsOf(error) };
    }
  };

  const finish = async (command: HostCommand, result: CommandResult): Promise<void> => {
    log(`${command.CommandName} of ${command.DeploymentExecutionId}: ${result.status}${result.status === 'Failed' ? `: ${result.diagnostics.message}` : ''}`);
    await track.save({ command, phase: 'finished', result, since: Date.now() });
    await deliver(command, result);
  };

  const deliver = async (command: HostCommand, result: CommandResult): Promise<void> => {
    remember(results, command.HostCommandIdentifier, result, REMEMBERED);
    try {
      await persist(() => api.complete(command.HostCommandIdentifier, result.status, result.diagnostics, gone.signal));
    } catch (error) {
      if (gone.signal.aborted) throw error;
      log(`${command.HostCommandIdentifier}: the server refuses the result: ${reason(error)}`);
    }
    await track.forget(command);
  };

  /** Repeats a call until it is answered, refused for good, or the agent is gone. */
  const persist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      try {
        return await call();
      } catch (error) {
        if (gone.signal.aborted || (error instanceof ApiError && !error.passing)) throw error;
        log(reason(error));
        await sleep(jittered(delay), undefined, { signal: gone.signal });
      }
    }
  };

  const poll = async (): Promise<void> => {
    let delay = FIRST_DELAY_MS;
    while (!quitting.signal.aborted) {
      if (running.size >= MOST_RUNNING) {
        await Promise.race(running.values());
        continue;
      }
      const asked = Date.now();
      try {
        const command = await api.poll(quitting.signal);
        delay = FIRST_DELAY_MS;
        if (command !== undefined) take(command);
        else if (Date.now() - asked < UNHELD_POLL_MS) await sleep(UNHELD_POLL_MS, undefined, { signal: quitting.signal });
      } catch (error) {
        if (quitting.signal.aborted) return;
        log(`polling: ${reason(error)}`);
        await sleep(jittered(delay), undefined, { signal: quitting.signal }).catch(() => {});
        delay = Math.min(delay * 2, LONGEST_DELAY_MS);
      }
    }
  };

  const recover = async (): Promise<void> => {
    for (const tracked of await track.unfinished()) launch(tracked.command.HostCommandIdentifier, settle(tracked));
  };

  const settle = async ({ command, phase, result }: TrackedCommand): Promise<void> => {
    log(`${command.CommandName} of ${command.DeploymentExecutionId}: found ${phase} after a restart`);
    if (phase === 'taken') await resume(command);
    else await finish(command, result ?? { status: 'Failed', diagnostics: AFTER_RESTART });
  };

  const ended = (async () => {
    await recover();
    await poll();
    await Promise.all(running.values());
  })();

  return {
    ended,
    async stop(graceMs) {
      quitting.abort();
      const patience = setTimeout(() => ending.abort(), graceMs);
      // What the stopped script ends as still wants to be told to the server; a server that is away is not waited for.
      const resignation = setTimeout(() => gone.abort(), graceMs + REPORTING_MS);
      await ended;
      clearTimeout(patience);
      clearTimeout(resignation);
    },
  };
}

/** A stopped script may take its five seconds before it is killed. */
const REPORTING_MS = 8000;

const AFTER_RESTART = {
  error_code: ErrorCode.failedAfterRestart, script_name: '', log: '',
  message: 'Failing in-progress lifecycle event after an agent restart.',
};

/** Keeps the `most` that came last. */
function remember<T>(known: Map<string, T>, key: string, value: T, most: number): void {
  known.set(key, value);
  for (const oldest of known.keys()) {
    if (known.size <= most) break;
    known.delete(oldest);
  }
}

const jittered = (delay: number): number => delay * (0.75 + Math.random() / 2);

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
