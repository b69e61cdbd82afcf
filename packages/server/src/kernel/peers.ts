import type { Apis, OperationTypes } from '@slipway/contracts';
import type { Caller } from './caller.ts';

export interface PeerCallOptions {
  /** The callee performs the call once for this key and replays its first answer afterwards (see `kernel/replay.ts`). */
  readonly once?: string;
  readonly region: string;
  readonly signal?: AbortSignal;
}

export type PeerApi<A> = { [K in keyof A]: A[K] extends OperationTypes ? (input: A[K]['input'], options: PeerCallOptions) => Promise<A[K]['output']> : never };

/**
 * Other rooms' operations without the wire: validated, authorised as `caller`, logged, handled; no encoding.
 * `peers.as(role).codebuild.StartBuild(input, { region, once: actionExecutionId })`.
 * A call inside a database transaction throws.
 */
export interface Peers {
  as(caller: Caller): { readonly [S in keyof Apis]: PeerApi<Apis[S]> };
}

/** The port through which rooms become a role and hand its credentials to a process. Bound in `main`, answered by IAM and STS. */
export interface Identities {
  /**
   * The service acts as the role: the role's trust policy must allow `sts:AssumeRole` to `service`.
   * Throws `ServiceError('AccessDenied')` with AWS's words when the role is absent or its trust policy says no.
   */
  assumeForService(request: { roleArn: string; service: string; sessionName: string; sourceArn?: string }): Promise<Caller>;
  /** Expiring keys for a caller made by `assumeForService`, for a process that signs its own requests. */
  credentialsFor(caller: Caller, durationSeconds: number): Promise<SessionCredentials>;
}

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ms UTC */
  readonly expiration: number;
}
