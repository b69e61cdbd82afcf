import { containerRunner } from './container/container.ts';
import { dummyRunner } from './dummy.ts';
import { plainRunner } from './plain.ts';
import type { Runner, RunnerKind } from './runner.ts';
import { sandboxRunner } from './sandbox.ts';

const runners: Readonly<Record<RunnerKind, Runner>> = { plain: plainRunner, sandbox: sandboxRunner, container: containerRunner, dummy: dummyRunner };

export function runnerOf(kind: RunnerKind): Runner {
  return runners[kind];
}

/** The best isolation that works here, and why a better one does not. */
export async function bestRunner(): Promise<{ kind: 'sandbox' | 'plain'; why?: string }> {
  const why = await sandboxRunner.unavailable();
  return why === undefined ? { kind: 'sandbox' } : { kind: 'plain', why };
}
