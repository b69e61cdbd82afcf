import type { OperationTypes } from '@slipway/contracts';
import type { Caller } from './caller.ts';
import type { Migration } from './database.ts';
import type { Door } from './door.ts';

/** The circumstances of one operation call, whether it came over the wire or from another room. */
export interface Call {
  readonly caller: Caller;
  /** The account whose resources the call is about. */
  readonly account: string;
  readonly region: string;
  readonly requestId: string;
  /** Ours, from another room: the callee answers the same (account, operation, key) with its first response. See `replay`. */
  readonly once?: string;
  /** The base URL under which the client reached us, for URLs that are handed out: `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
  readonly secure: boolean;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Lower-case request headers, where an operation's meaning depends on them (S3); empty from another room. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What an operation asks of the caller's policies: every entry must be allowed. */
export interface AccessRequest {
  /** `codebuild:StartBuild` */
  readonly action: string;
  /** The resource's ARN, or `*` where the action has none. */
  readonly resource: string;
  /** Condition keys that are not global: `{ 'iam:PassedToService': 'codebuild.amazonaws.com' }`. */
  readonly context?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The policy attached to the resource (JSON, as stored), decided together with the caller's own. */
  readonly resourcePolicy?: string | undefined;
  /** The account that owns the resource, where its ARN does not say so (S3). */
  readonly resourceAccount?: string | undefined;
}

/** An access request whose action is the operation's own, `<prefix>:<Operation>`, unless another is named. */
export type OperationRequest = Omit<AccessRequest, 'action'> & Partial<Pick<AccessRequest, 'action'>>;

/** `none` is for the few operations that AWS lets every authenticated caller make (GetCallerIdentity). */
export type Access<Input> = 'none' | ((input: Input, call: Call) => OperationRequest | readonly OperationRequest[] | Promise<readonly OperationRequest[]>);

export type Handler<O extends OperationTypes> = (input: O['input'], call: Call) => Promise<O['output']>;

type Api<A> = { [K in keyof A]: OperationTypes };

/** Every operation of the contract but those in `NotYet`. */
export type Operations<A extends Api<A>, NotYet extends keyof A = never> = { [K in Exclude<keyof A, NotYet>]: Handler<A[K]> };
export type AccessTable<A extends Api<A>, NotYet extends keyof A = never> = { [K in Exclude<keyof A, NotYet>]: Access<A[K]['input']> };

/** A room as the dispatcher sees it, its types worn off. */
export interface Service {
  /** The contract's name. */
  readonly name: string;
  /** In front of its actions' names in policies, where that is not its name: `logs`, `events`. */
  readonly actionPrefix?: string;
  readonly operations: Readonly<Record<string, Handler<OperationTypes>>>;
  readonly access: Readonly<Record<string, Access<unknown>>>;
  readonly notYet: readonly string[];
  /** Checks beyond the contract's types, from the room's `limits.ts`: throws what AWS would answer. */
  readonly validate?: (operation: string, input: unknown) => void;
}

/**
 * Declares a room's operations. It does not compile when an operation of the contract is neither implemented nor in
 * `notYet`, or when an implemented one has no access entry.
 */
export function service<A extends Api<A>>() {
  return <const N extends keyof A = never>(room: {
    name: string;
    actionPrefix?: string;
    operations: Operations<A, N>;
    access: AccessTable<A, N>;
    notYet: readonly N[];
    validate?: (operation: string, input: unknown) => void;
  }): Service => room as unknown as Service;
}

/** What a room hands to `main` beside its operations. */
export interface Room {
  readonly service: Service;
  readonly migrations: readonly Migration[];
  /** Further services that the room answers: the one that CodeDeploy's agents speak to. */
  readonly companions?: readonly Service[];
  /** Begins what needs the schema in place, and goes on with what an earlier process left running. */
  start?(): Promise<void>;
  /** Ends what the room does of its own accord, before jobs stop. */
  stop?(): Promise<void>;
  /** HTTP that is not an AWS API call: git, webhooks. */
  readonly doors?: readonly Door[];
}
