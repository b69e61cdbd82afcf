import type { AccessCircumstances, Authorizer } from '../../kernel/access.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { AccessRequest } from '../../kernel/service.ts';
import type { IamCache } from './cache.ts';
import type { IamContext } from './deps.ts';
import { fail } from './fail.ts';
import { compilePolicy, evaluate, prepare, refusal } from './policy/index.ts';
import type { CompiledPolicy, Decision } from './policy/index.ts';
import { readPrincipal } from './principals.ts';
import type { Principal } from './principals.ts';
import { ownerOf, readsResourceTags, requestContext } from './request-context.ts';

export interface Decider {
  /** Decides one request with the caller's own policies and, for a role, its trust policy, which must allow too. */
  decide(caller: Caller, request: AccessRequest, circumstances: AccessCircumstances, trust?: CompiledPolicy): Promise<Decision>;
}

const NOBODY: Principal = { id: '', identity: [], boundary: undefined, tags: {} };

const GRANTS_LOGS = compilePolicy(JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: 'arn:aws:logs:*:*:log-group:/aws/events/*' },
}), 'identity');

/** What services may do without a role: EventBridge writes to its log groups, as the resource policy of AWS's console lets it. */
const SERVICES: Readonly<Record<string, Principal>> = { 'events.amazonaws.com': { ...NOBODY, identity: [GRANTS_LOGS] } };

/** Root is bound by no policy of its own account, other accounts' resources still ask theirs. */
const ROOT: Principal = { ...NOBODY, identity: [compilePolicy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', 'identity')] };

/** A federated user acts with its maker's policies under an id of its own. */
const isFederated = (caller: Caller): boolean => caller.arn.includes(':federated-user/');

export function decider(context: IamContext, cache: IamCache): Decider {
  async function principalOf(caller: Caller): Promise<Principal> {
    if (caller.kind === 'root') return ROOT;
    if (caller.kind === 'service') return SERVICES[caller.principalArn] ?? NOBODY;
    const found = await cache.get(`principal ${caller.principalArn}`, () => readPrincipal(context, caller.principalArn));
    // A namesake made after the caller's entity was deleted is somebody else.
    return found !== undefined && (isFederated(caller) || caller.userId.split(':')[0] === found.id) ? found : NOBODY;
  }

  return {
    async decide(caller, request, circumstances, trust) {
      const principal = await principalOf(caller);
      const session = (caller.sessionPolicies ?? []).map((document) => compilePolicy(document, 'identity'));
      const attached = request.resourcePolicy === undefined ? undefined : compilePolicy(request.resourcePolicy, 'resource');
      const resource = [trust, attached].filter((policy) => policy !== undefined);
      const all = [...principal.identity, ...session, ...resource, ...(principal.boundary === undefined ? [] : [principal.boundary])];
      const wantsTags = all.some((policy) => [...policy.keys].some(readsResourceTags));
      const owner = ownerOf(request, caller);
      const resourceTags = wantsTags ? await context.tags.get(owner, request.resource) : {};
      const lookup = requestContext({ caller, request, circumstances, now: context.clock.now(), principalTags: principal.tags, resourceTags });
      return evaluate(prepare({ principal: caller, action: request.action, resource: request.resource, context: lookup }), {
        identity: principal.identity, boundary: principal.boundary, session, resource, crossAccount: caller.kind !== 'service' && owner !== caller.account,
        resourceRequired: trust !== undefined,
      });
    },
  };
}

export function authorizer(decide: Decider): Authorizer {
  return {
    async authorize(caller, requests, circumstances) {
      for (const request of requests) {
        const decision = await decide.decide(caller, request, circumstances);
        if (!decision.allowed) throw fail('AccessDeniedException', refusal(caller.arn, request.action, request.resource, decision));
      }
    },
  };
}
