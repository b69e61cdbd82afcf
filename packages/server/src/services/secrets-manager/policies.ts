import type { SecretsManagerApi } from '@slipway/contracts';
import { ServiceError } from '../../kernel/errors.ts';
import type { Operations } from '../../kernel/service.ts';
import { secretArn } from './arns.ts';
import type { SecretsManagerDeps } from './deps.ts';
import { fail } from './fail.ts';
import { existing, lockUsable } from './lookup.ts';
import { updateSecret } from './store.ts';

/** Policies attached to secrets. */
export function policies({ db, resourcePolicies }: SecretsManagerDeps) {
  function fault(policy: string): string | undefined {
    try {
      resourcePolicies.check(policy);
      return undefined;
    } catch (error) {
      if (error instanceof ServiceError) return error.message;
      throw error;
    }
  }

  return {
    async PutResourcePolicy({ SecretId, ResourcePolicy, BlockPublicPolicy = false }, call) {
      const wrong = fault(ResourcePolicy);
      if (wrong !== undefined) throw fail('MalformedPolicyDocumentException', wrong);
      if (BlockPublicPolicy && isPublic(ResourcePolicy)) throw fail('PublicPolicyException', 'The resource policy grants broad access to the secret.');
      return db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, SecretId);
        await updateSecret(tx, row, { policy: ResourcePolicy });
        return { ARN: secretArn(row), Name: row.name };
      });
    },

    async GetResourcePolicy({ SecretId }, call) {
      const row = await existing(db.read, call, SecretId);
      return { ARN: secretArn(row), Name: row.name, ...(row.policy !== null && { ResourcePolicy: row.policy }) };
    },

    async DeleteResourcePolicy({ SecretId }, call) {
      return db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, SecretId);
        await updateSecret(tx, row, { policy: null });
        return { ARN: secretArn(row), Name: row.name };
      });
    },

    async ValidateResourcePolicy({ SecretId, ResourcePolicy }, call) {
      if (SecretId !== undefined) await existing(db.read, call, SecretId);
      const wrong = fault(ResourcePolicy);
      const errors = [
        ...(wrong === undefined ? [] : [{ CheckName: 'PolicySyntax', ErrorMessage: wrong }]),
        ...(wrong === undefined && isPublic(ResourcePolicy) ? [{ CheckName: 'BlockPublicPolicy', ErrorMessage: 'The resource policy grants broad access to the secret.' }] : []),
      ];
      return { PolicyValidationPassed: errors.length === 0, ValidationErrors: errors };
    },
  } satisfies Partial<Operations<SecretsManagerApi>>;
}

interface Statement {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: unknown;
}

const everybody = (principal: unknown): boolean => JSON.stringify(principal)?.includes('"*"') === true;

/** Whether a statement lets everybody in without a condition. */
function isPublic(policy: string): boolean {
  const { Statement: written } = JSON.parse(policy) as { Statement: Statement | Statement[] };
  return [written].flat().some(({ Effect, Principal, NotPrincipal, Condition }) => Effect === 'Allow' && Condition === undefined && (NotPrincipal !== undefined || everybody(Principal)));
}
