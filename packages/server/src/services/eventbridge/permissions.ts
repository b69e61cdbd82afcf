import type { EventBridgeApi } from '@slipway/contracts';
import type { PutPermissionRequest } from '@slipway/contracts/eventbridge';
import type { ResourcePolicies } from '../../kernel/access.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Transaction } from '../../kernel/database.ts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Operations } from '../../kernel/service.ts';
import { busArn, busOf } from './arns.ts';
import { needBus } from './buses.ts';
import { fail } from './fail.ts';
import { LIMITS } from './limits.ts';
import { lockBus, putBus, writing } from './store/index.ts';
import type { BusRef } from './store/index.ts';

interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

const EMPTY: Policy = { Version: '2012-10-17', Statement: [] };

/** A bus's policy says who beside the account's own may send it events and make rules on it. */
export function permissions({ db, clock, resourcePolicies }: { db: Database; clock: Clock; resourcePolicies: ResourcePolicies }) {
  async function change(tx: Transaction, bus: BusRef, edit: (known: Policy) => string | null): Promise<void> {
    const row = (await lockBus(tx, bus)) ?? (await needBus(writing(tx), bus));
    const policy = edit(row.policy === null ? EMPTY : (JSON.parse(row.policy) as Policy));
    if (policy !== null && Buffer.byteLength(policy) > LIMITS.policySize) throw fail('PolicyLengthExceededException', `The policy exceeds ${LIMITS.policySize} bytes.`);
    const now = clock.now();
    await putBus(tx, { ...row, policy, created: row.created || now, modified: now });
  }

  function checked(document: string): string {
    try {
      resourcePolicies.check(document);
    } catch (error) {
      if (error instanceof ServiceError) throw fail('ValidationException', `Parameter Policy is not valid. Reason: ${error.message}`, { cause: error });
      throw error;
    }
    return document;
  }

  return {
    /** A whole policy in place of the one there was, or one statement beside its others. */
    async PutPermission(input, call) {
      const bus = busOf(call, input.EventBusName);
      if (input.Policy !== undefined) {
        const single = (['Action', 'Principal', 'StatementId', 'Condition'] as const).find((member) => input[member] !== undefined);
        if (single !== undefined) throw fail('ValidationException', `Parameter ${single} cannot be used together with Policy.`);
        const policy = normal(checked(input.Policy));
        await db.transaction((tx) => change(tx, bus, () => policy));
        return {};
      }
      const statement = statementOf(input, bus);
      await db.transaction((tx) => change(tx, bus, (known) => checked(JSON.stringify({ ...known, Statement: [...known.Statement.filter(({ Sid }) => Sid !== statement.Sid), statement] }))));
      return {};
    },

    async RemovePermission(input, call) {
      const bus = busOf(call, input.EventBusName);
      const { StatementId: id, RemoveAllPermissions: all = false } = input;
      if (id === undefined && !all) throw fail('ValidationException', 'Parameter StatementId or RemoveAllPermissions must be specified.');
      await db.transaction((tx) => change(tx, bus, (known) => {
        if (all) return null;
        const left = known.Statement.filter(({ Sid }) => Sid !== id);
        if (known.Statement.length === 0) throw fail('ResourceNotFoundException', 'EventBus does not have a policy.');
        if (left.length === known.Statement.length) throw fail('ResourceNotFoundException', 'Statement with the provided id does not exist.');
        return left.length === 0 ? null : JSON.stringify({ ...known, Statement: left });
      }));
      return {};
    },
  } satisfies Partial<Operations<EventBridgeApi>>;
}

function statementOf({ Action, Principal, StatementId, Condition }: PutPermissionRequest, bus: BusRef): Statement {
  const missing = Object.entries({ Action, Principal, StatementId }).find(([, value]) => value === undefined);
  if (missing !== undefined) throw fail('ValidationException', `Parameter ${missing[0]} must be specified.`);
  if (Condition !== undefined && (Condition.Type !== 'StringEquals' || Condition.Key !== 'aws:PrincipalOrgID')) {
    throw fail('ValidationException', 'Parameter Condition is not valid. Reason: only Type StringEquals with Key aws:PrincipalOrgID is accepted.');
  }
  return {
    Sid: StatementId!, Effect: 'Allow', Principal: Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` }, Action, Resource: busArn(bus),
    ...(Condition !== undefined && { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } }),
  };
}

/** As a list of statements, so that single ones can be put and removed. */
function normal(document: string): string {
  const policy = JSON.parse(document) as { Statement: Statement | Statement[] };
  return JSON.stringify({ ...policy, Statement: Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement] });
}
