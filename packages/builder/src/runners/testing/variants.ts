import { containerRunner } from '../container/container.ts';
import type { Limits } from '../limits/compute.ts';
import type { Runner, WorkspaceRequest } from '../runner.ts';
import { sandboxRunner } from '../sandbox.ts';
import { BASH_IMAGE, makeTestImages, testEngines } from './engines.ts';

/** A runner as a test uses it. */
export interface Variant {
  readonly name: string;
  readonly runner: Runner;
  readonly request: Partial<WorkspaceRequest>;
  /** Starting containers takes its time: each engine is tried with one of the shells. */
  readonly shells: readonly ('sh' | 'bash')[];
}

export const BOTH = ['sh', 'bash'] as const;

/** What keeps builds from each other here: the sandbox, and a container of each engine; and what is not here, in words. */
export async function isolatingVariants(limits: Limits): Promise<{ variants: Variant[]; absent: string[]; makeImages(): Promise<void> }> {
  const engines = await testEngines();
  const sandbox = await sandboxRunner.unavailable();
  const common = { network: { mode: 'isolated' }, limits, otherUsers: true } as const;
  return {
    variants: [
      ...(sandbox === undefined ? [{ name: 'sandbox', runner: sandboxRunner, request: common, shells: BOTH } satisfies Variant] : []),
      ...engines.map(({ name, socket }, index): Variant => ({ name: `${name} container`, runner: containerRunner, request: { ...common, container: { image: BASH_IMAGE, socket } }, shells: [BOTH[index % 2] ?? 'sh'] })),
    ],
    absent: [...(sandbox === undefined ? [] : [`sandbox (${sandbox})`]), ...(engines.length > 0 ? [] : ['container (no engine was found; TEST_ENGINES names sockets)'])],
    async makeImages() {
      for (const engine of engines) await makeTestImages(engine);
    },
  };
}
