import type { Caller } from './caller.ts';
import type { AccessRequest } from './service.ts';

/** What a decision may look at beside the caller and the requests. */
export interface AccessCircumstances {
  readonly region: string;
  readonly sourceIp?: string;
  readonly secure: boolean;
  readonly userAgent?: string;
}

/** The port that decides; answered by IAM's room, asked by the dispatcher and by doors. */
export interface Authorizer {
  /** Resolves when every request is allowed; throws `ServiceError('AccessDeniedException')` in AWS's words for the first that is not. */
  authorize(caller: Caller, requests: readonly AccessRequest[], circumstances: AccessCircumstances): Promise<void>;
}

/** The port that knows secrets; answered by IAM and STS, asked by the edge and by doors. */
export interface AccessKeys {
  /** Undefined when the key does not exist or is inactive. */
  find(accessKeyId: string): Promise<AccessKey | undefined>;
}

export interface AccessKey {
  readonly secretAccessKey: string;
  readonly caller: Caller;
  /** Set for temporary keys: the request must carry exactly this token. */
  readonly sessionToken?: string;
  /** ms UTC; set for temporary keys. */
  readonly expiration?: number;
}

/** Service-specific credentials (Git credentials); answered by IAM. */
export interface ServicePasswords {
  /** Undefined when the pair is wrong or inactive. `service`: `codecommit.amazonaws.com`. */
  verify(userName: string, password: string, service: string): Promise<Caller | undefined>;
}
