import type { AccessCircumstances } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';

export interface AssumableRole {
  readonly account: string;
  readonly name: string;
  /** AROA… */
  readonly id: string;
  readonly maxSessionSeconds: number;
}

/** What STS asks of the room that keeps roles and their trust; IAM answers. Refusals are thrown in AWS's words. */
export interface RolesPort {
  byCaller(request: {
    caller: Caller; roleArn: string; sessionName: string; externalId?: string | undefined; tags?: Readonly<Record<string, string>> | undefined; circumstances: AccessCircumstances;
  }): Promise<AssumableRole>;
  byService(request: { roleArn: string; service: string; sessionName: string; sourceArn?: string | undefined }): Promise<AssumableRole>;
  /** The documents of managed policies. */
  sessionDocuments(account: string, arns: readonly string[]): Promise<string[]>;
  checkSessionPolicy(document: string): void;
}
