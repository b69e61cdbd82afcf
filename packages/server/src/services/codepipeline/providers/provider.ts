import type { ActionCategory, FailureType, SourceRevisionOverride } from '@slipway/contracts/codepipeline';
import type { Subject } from '../../../engine/watch.ts';
import type { Caller } from '../../../kernel/caller.ts';
import type { Prepared, Revision } from '../store.ts';

/** One run of an action, as its provider sees it. */
export interface ActionRun extends Prepared {
  /** The action execution's id: the `once` of what the start does elsewhere. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly pipeline: string;
  readonly execution: string;
  /** The pipeline's role. */
  readonly role: Caller;
  /** What StartPipelineExecution asked this source action to take instead of the newest. */
  readonly override?: SourceRevisionOverride;
  /** What `start` answered. */
  readonly externalId?: string;
  readonly signal: AbortSignal;
}

interface External { readonly externalId?: string; readonly url?: string; readonly summary?: string }

export type Progress = External & (
  /** Goes on elsewhere: `poll` is called again after a change of the subject. */
  | { readonly status: 'InProgress'; readonly watch: Subject }
  | { readonly status: 'Succeeded'; readonly variables?: Readonly<Record<string, string>>; readonly revision?: Revision }
  | { readonly status: 'Failed'; readonly code: FailureType; readonly message: string }
);

export interface ConfigurationKey {
  readonly required?: true;
  /** The values taken; any where absent. */
  readonly values?: readonly string[];
}

/**
 * What an action of one type does.
 *
 * Life of an action: `start`, once or, after a crash, again with the same run → `poll` after each change of what it
 * watches, until it ends. Both may throw a `ServiceError`, which fails the action; other errors are tried again.
 * A provider without `start` waits for a person.
 */
export interface Provider {
  readonly category: ActionCategory;
  readonly provider: string;
  /** Least and most. */
  readonly inputs: readonly [number, number];
  readonly outputs: readonly [number, number];
  readonly configuration: Readonly<Record<string, ConfigurationKey>>;
  /** The API reference of CodePipeline, "Quotas": how long an action may run. */
  readonly timeoutMinutes: number;
  /** What is wrong with a configuration beyond single keys. */
  check?(configuration: Readonly<Record<string, string>>, inputs: readonly string[]): string | undefined;
  start?(run: ActionRun): Promise<Progress>;
  poll?(run: ActionRun): Promise<Progress>;
  /** For sources that are looked at for changes. */
  readonly source?: {
    subject(at: { readonly account: string; readonly region: string }, configuration: Readonly<Record<string, string>>): Subject;
    /** The id of the newest revision. */
    newest(request: { readonly role: Caller; readonly region: string; readonly configuration: Readonly<Record<string, string>> }): Promise<string>;
  };
}

export const BOOLEAN = ['true', 'false'] as const;

/** A configuration value that validation has found present. */
export function value(configuration: Readonly<Record<string, string>>, key: string): string {
  const found = configuration[key];
  if (found === undefined) throw new Error(`the configuration lacks ${key}`);
  return found;
}
