/** A policy as written, brought to one form: every value a list. */
export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: Principals | undefined;
  readonly notPrincipals: boolean;
  readonly actions: readonly string[];
  readonly notActions: boolean;
  /** Empty in trust policies, which name none. */
  readonly resources: readonly string[];
  readonly notResources: boolean;
  readonly conditions: readonly Condition[];
}

/** `'*'`, or per type: `AWS`, `Service`, `Federated`, `CanonicalUser`. */
export type Principals = '*' | Readonly<Record<string, readonly string[]>>;

export interface Condition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export interface PolicyDocument {
  readonly version: '2012-10-17' | '2008-10-17';
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
}

/** What a document is for; decides which elements it must and must not have. */
export type PolicyKind = 'identity' | 'trust' | 'resource';

/** A document that AWS would refuse; the message is what it would say. Rooms turn it into their own error. */
export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicyDocument';
}
