import type { AccessCircumstances } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { AccessRequest } from '../../kernel/service.ts';
import { parseIamArn } from './arns.ts';
import type { ContextLookup } from './policy/index.ts';

export interface ContextFacts {
  readonly caller: Caller;
  readonly request: AccessRequest;
  readonly circumstances: AccessCircumstances;
  /** ms UTC */
  readonly now: number;
  readonly principalTags: Readonly<Record<string, string>>;
  /** Empty when no policy asks for them. */
  readonly resourceTags: Readonly<Record<string, string>>;
}

const PRINCIPAL_TYPES = { root: 'Account', user: 'User', role: 'AssumedRole' } as const;

/** Whether a condition key reads the resource's tags: `aws:ResourceTag/x` or a service's own `codebuild:ResourceTag/x`. */
export const readsResourceTags = (key: string): boolean => /^[a-z0-9-]+:resourcetag\//.test(key);

/** The values of condition keys, global ones and those that the operation gave. Keys come in lower case. */
export function requestContext(facts: ContextFacts): ContextLookup {
  const given = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(facts.request.context ?? {})) {
    if (value !== undefined) given.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  const tags = lowerKeys({ ...facts.principalTags, ...facts.caller.sessionTags });
  const resourceTags = lowerKeys(facts.resourceTags);
  return (key) => {
    const own = given.get(key);
    if (own !== undefined) return own;
    const value = key.startsWith('aws:principaltag/') ? tags.get(key.slice('aws:principaltag/'.length))
      : readsResourceTags(key) ? resourceTags.get(key.slice(key.indexOf('/') + 1))
      : globalKey(key, facts);
    return value === undefined ? undefined : [value];
  };
}

/** A service that acts in its own name is no principal of the account that it acts for: it has a name and nothing else. */
function principalKey(key: string, { kind, account, arn, principalArn, userId }: Caller): string | undefined {
  if (kind === 'service') return key === 'aws:principalservicename' ? arn : undefined;
  switch (key) {
    case 'aws:principalarn': return principalArn;
    case 'aws:principalaccount': return account;
    case 'aws:principaltype': return PRINCIPAL_TYPES[kind];
    case 'aws:userid': return userId;
    case 'aws:username': return kind === 'user' && arn === principalArn ? parseIamArn(principalArn)?.name : undefined;
    default: return undefined;
  }
}

function globalKey(key: string, facts: ContextFacts): string | undefined {
  const { caller, request, circumstances, now } = facts;
  switch (key) {
    case 'aws:principalisawsservice': return String(caller.kind === 'service');
    case 'aws:sourceip': return circumstances.sourceIp;
    case 'aws:securetransport': return String(circumstances.secure);
    case 'aws:useragent': return circumstances.userAgent;
    case 'aws:requestedregion': return circumstances.region;
    case 'aws:currenttime': return new Date(now).toISOString();
    case 'aws:epochtime': return String(Math.floor(now / 1000));
    case 'aws:viaawsservice': return 'false';
    case 'aws:resourceaccount': return ownerOf(request, caller);
    case 'aws:sourcearn': return caller.kind === 'service' ? caller.sourceArn : undefined;
    case 'aws:sourceaccount': return caller.kind === 'service' ? caller.account : undefined;
    default: return principalKey(key, caller);
  }
}

/** The account whose resource is asked for. */
export function ownerOf(request: AccessRequest, caller: Caller): string {
  return request.resourceAccount ?? accountOf(request.resource) ?? caller.account;
}

/** The account that an ARN names; undefined when it names none (S3, `*`, AWS's own policies). */
export function accountOf(resource: string): string | undefined {
  const account = resource.split(':')[4];
  return account !== undefined && /^\d{12}$/.test(account) ? account : undefined;
}

/** A tag's key in a condition is compared without regard to case, as every condition key. */
function lowerKeys(tags: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));
}
