import { bestRunner, runnerOf, type RunnerKind } from '@slipway/builder';

/** What builds run in. `dummy` succeeds without processes, for tests. */
export type BuildRunner = 'auto' | 'sandbox' | 'plain' | 'dummy';

/** The runner that this installation's builds have, or why they cannot run. */
export interface ChosenRunner {
  readonly kind?: RunnerKind;
  readonly problem?: string;
  /** What the operator should know of the isolation that builds have. */
  readonly notice?: string;
}

const wayOut = 'Install bubblewrap, or let builds run as plain processes without isolation: --runner plain, or SLIPWAY_RUNNER=plain.';

/** A build's commands are somebody's program: without a sandbox they run only where the operator has said so. */
export async function chooseRunner(wanted: BuildRunner): Promise<ChosenRunner> {
  if (wanted === 'dummy') return { kind: 'dummy' };
  if (wanted === 'plain') {
    const why = await runnerOf('plain').unavailable();
    if (why !== undefined) return refused(why);
    return { kind: 'plain', notice: 'Builds run as plain processes of this user, without isolation: they can read and change whatever this user can.' };
  }
  const best = await bestRunner();
  if (best.kind !== 'sandbox') return refused(best.why ?? 'there is no sandbox');
  return { kind: 'sandbox', notice: 'Builds run in a sandbox (bubblewrap): processes, files and /tmp of their own, this machine\'s system read-only, its network shared.' };
}

const refused = (why: string): ChosenRunner => {
  const problem = `Builds cannot run here: ${why}. ${wayOut}`;
  return { problem, notice: problem };
};

/** How a build's log says what the image stands for. */
export const runnerLine = (kind: RunnerKind, image: string): string => `The image ${image} stands for this machine's own system, ${words[kind]}`;

/** A project must name a compute type; no runner here enforces one, which the build's log says. */
export const computeLine = (computeType: string): string => `The compute type ${computeType} sets no limit to memory and processors here`;

const words: Readonly<Record<RunnerKind, string>> = {
  sandbox: 'in a sandbox (bubblewrap)',
  container: 'in a container',
  plain: 'as plain processes without isolation',
  dummy: 'played by the dummy runner',
};
