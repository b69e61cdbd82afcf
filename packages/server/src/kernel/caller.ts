/** Who a request acts as, established once by the edge (a signature) or by a room that assumed a role. */
export interface Caller {
  readonly account: string;
  /** `arn:aws:iam::A:user/x`, `arn:aws:sts::A:assumed-role/R/session`, `arn:aws:iam::A:root`. */
  readonly arn: string;
  /** AWS's unique id: `AIDA…`, `AROA…:session`, the account for root. */
  readonly userId: string;
  readonly kind: 'root' | 'user' | 'role' | 'service';
  /** The IAM entity whose policies count: the user's ARN, or the role's behind a session. Root: the root ARN. */
  readonly principalArn: string;
  /** Policies that narrow a session, as JSON texts. */
  readonly sessionPolicies?: readonly string[];
  readonly sessionTags?: Readonly<Record<string, string>>;
  readonly accessKeyId?: string;
  /** The AWS service acting through a forward access session or a service role: `codepipeline.amazonaws.com`. */
  readonly invokedBy?: string;
  /** The resource on whose behalf that service acts (aws:SourceArn): a pipeline's ARN. */
  readonly sourceArn?: string;
}

/**
 * A service that acts in its own name: `serviceCaller('sns.amazonaws.com', account, topicArn)`. Only what the policies of
 * resources grant to it, for that source (aws:SourceArn, aws:SourceAccount), is allowed.
 */
export function serviceCaller(service: string, account: string, sourceArn?: string): Caller {
  return { account, arn: service, userId: service, kind: 'service', principalArn: service, invokedBy: service, ...(sourceArn !== undefined && { sourceArn }) };
}
