import { Ahead } from '../runners/ahead.ts';
import type { NetworkRequest } from '../runners/network/network.ts';
import type { RunnerKind } from '../runners/runner.ts';
import { sandboxRunner } from '../runners/sandbox.ts';

/** What a supervisor is told when it starts, perhaps before there is a build for it: what the build will probably want. */
export interface Preparation {
  readonly runner: RunnerKind;
  readonly network?: NetworkRequest;
}

/** Begins what takes its time and needs no build. */
export function prepare({ runner, network }: Preparation): Ahead | undefined {
  if (runner !== 'sandbox') return undefined;
  // The build asks again, and is answered at once.
  void sandboxRunner.unavailable();
  return new Ahead(network?.mode === 'host' ? undefined : network);
}
