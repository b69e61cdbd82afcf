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

/** Reads policies that are attached to resources; answered by IAM's room. */
export interface ResourcePolicies {
  /** @throws ServiceError `MalformedPolicyDocument` with AWS's message, for rooms to turn into their own error. */
  check(document: string): void;
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

/** Public keys of SSH; answered by IAM. */
export interface SshKeys {
  /** The active key of this id (APKA…), with its user. `publicKey`: `ssh-rsa AAAA…`. */
  find(keyId: string): Promise<{ readonly publicKey: string; readonly caller: Caller } | undefined>;
}

export interface AssumableRole {
  readonly account: string;
  readonly name: string;
  /** AROA… */
  readonly id: string;
  readonly arn: string;
  readonly maxSessionSeconds: number;
}

export interface AssumeByCaller {
  readonly caller: Caller;
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly circumstances: AccessCircumstances;
}

/** What STS asks of the room that keeps roles and their trust; answered by IAM. */
export interface AssumableRoles {
  /** The role, when its trust policy and the caller's own policies allow; throws `AccessDenied` in AWS's words otherwise. */
  byCaller(request: AssumeByCaller): Promise<AssumableRole>;
  /** The role, when its trust policy allows the service. */
  byService(request: { roleArn: string; service: string; sessionName: string; sourceArn?: string | undefined }): Promise<AssumableRole>;
  /** The documents of managed policies that narrow a session; throws `NoSuchEntityException` for an unknown one. */
  sessionDocuments(account: string, arns: readonly string[]): Promise<string[]>;
  /** Throws `MalformedPolicyDocumentException` for a document that cannot narrow a session. */
  checkSessionPolicy(document: string): void;
}

/** Handing a role to a service needs iam:PassRole on it. `service`: `codebuild.amazonaws.com`. */
export function passRole(roleArn: string, service: string, context: AccessRequest['context'] = {}): AccessRequest {
  return { action: 'iam:PassRole', resource: roleArn, context: { 'iam:PassedToService': service, ...context } };
}

/** The condition keys of a request that sets tags: `aws:TagKeys`, and `aws:RequestTag/…` for each. */
export function settingTags(tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]): NonNullable<AccessRequest['context']> {
  return { 'aws:TagKeys': tags.map(({ Key = '' }) => Key), ...Object.fromEntries(tags.map(({ Key = '', Value }) => [`aws:RequestTag/${Key}`, Value ?? ''])) };
}

type TagList = Parameters<typeof settingTags>[0];

/** Tags of services that write `key` and `value`, for what is here. */
export const tagList = (tags: readonly { readonly key?: string | undefined; readonly value?: string | undefined }[] = []): TagList => tags.map(({ key, value }) => ({ Key: key, Value: value }));

/**
 * Making a resource with tags needs the right to tag it as well, or tags that decide on access could be had for the asking.
 * `action`: `secretsmanager:TagResource`.
 */
export function creating<R extends Omit<AccessRequest, 'action'>>(request: R, tags: TagList | undefined, action: string): readonly (R & { readonly action?: string })[] {
  if (tags === undefined || tags.length === 0) return [request];
  const asked = { ...request, context: { ...request.context, ...settingTags(tags) } };
  return [asked, { ...asked, action }];
}
