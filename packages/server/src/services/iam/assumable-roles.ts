import type { AssumableRole, AssumableRoles } from '../../kernel/access.ts';
import type { AccessRequest } from '../../kernel/service.ts';
import { parseIamArn } from './arns.ts';
import type { Decider } from './authorizer.ts';
import type { IamCache } from './cache.ts';
import type { IamContext } from './deps.ts';
import { arnOf } from './entity.ts';
import { checkDocument, fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import { compilePolicy, evaluate, prepare } from './policy/index.ts';
import type { RequestPrincipal } from './policy/index.ts';
import { managedDocument } from './principals.ts';
import { accountOf } from './request-context.ts';
import { findEntity } from './store/entities.ts';
import { reading } from './store/tables.ts';
import type { EntityRow } from './store/tables.ts';

export function assumableRoles(context: IamContext, cache: IamCache, decide: Decider): AssumableRoles {
  function find(roleArn: string): Promise<EntityRow | undefined> {
    const arn = parseIamArn(roleArn);
    if (arn?.type !== 'role') return Promise.resolve(undefined);
    return cache.get(`role ${roleArn}`, async () => {
      const row = await findEntity(reading(context.db), arn.account, 'role', arn.name);
      return row !== undefined && arnOf(row) === roleArn ? row : undefined;
    });
  }

  return {
    async byCaller({ caller, roleArn, sessionName, externalId, tags, circumstances }) {
      if (caller.kind === 'root') throw fail('AccessDenied', 'Roles may not be assumed by root accounts.', { status: 403 });
      const row = await find(roleArn);
      if (row === undefined) throw refused(caller.arn, 'sts:AssumeRole', roleArn);
      const keys = Object.keys(tags ?? {});
      const facts: AccessRequest['context'] = {
        'sts:ExternalId': externalId, 'sts:RoleSessionName': sessionName, 'aws:TagKeys': keys.length === 0 ? undefined : keys,
        ...Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
      };
      const actions = ['sts:AssumeRole', ...(keys.length > 0 ? ['sts:TagSession'] : [])];
      for (const action of actions) {
        const decision = await decide.decide(caller, { action, resource: roleArn, context: facts }, circumstances, compilePolicy(row.trust ?? '', 'trust'));
        if (!decision.allowed) throw refused(caller.arn, action, roleArn);
      }
      return toRole(row);
    },

    async byService({ roleArn, service, sessionName, sourceArn }) {
      const row = await find(roleArn);
      if (row === undefined) throw refused(service, 'sts:AssumeRole', roleArn);
      const principal: RequestPrincipal = { kind: 'service', account: row.account, arn: service, principalArn: '', userId: '' };
      const values: Readonly<Record<string, string | undefined>> = {
        'aws:sourcearn': sourceArn, 'aws:sourceaccount': (sourceArn === undefined ? undefined : accountOf(sourceArn)) ?? row.account,
        'sts:rolesessionname': sessionName, 'aws:principalisawsservice': 'true', 'aws:principalservicename': service, 'aws:currenttime': new Date(context.clock.now()).toISOString(),
      };
      const request = prepare({ principal, action: 'sts:AssumeRole', resource: roleArn, context: (key) => (values[key] === undefined ? undefined : [values[key]]) });
      const decision = evaluate(request, { identity: [], resource: [compilePolicy(row.trust ?? '', 'trust')], resourceAlone: true });
      if (!decision.allowed) throw refused(service, 'sts:AssumeRole', roleArn);
      return toRole(row);
    },

    async sessionDocuments(account, arns) {
      return Promise.all(arns.map(async (arn) => {
        const document = await managedDocument(reading(context.db), account, arn);
        if (document === undefined) throw fail('NoSuchEntityException', `Policy ${arn} does not exist or is not attachable.`);
        return document;
      }));
    },

    checkSessionPolicy(document) {
      checkDocument(document, 'identity');
    },
  };
}

function toRole(row: EntityRow): AssumableRole {
  return { account: row.account, name: row.name, id: row.id, arn: arnOf(row), maxSessionSeconds: row.max_session ?? LIMITS.maxSessionDuration.default };
}

function refused(who: string, action: string, roleArn: string): Error {
  return fail('AccessDenied', `User: ${who} is not authorized to perform: ${action} on resource: ${roleArn}`, { status: 403 });
}
