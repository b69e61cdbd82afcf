import type { SecretsManagerApi } from '@slipway/contracts';
import type { Operations } from '../../kernel/service.ts';
import { secretArn } from './arns.ts';
import type { SecretsManagerDeps } from './deps.ts';
import { fail, invalid } from './fail.ts';
import { lockUsable } from './lookup.ts';
import { CURRENT } from './stages.ts';
import { stagesOf, updateSecret, updateVersion, versionsOf } from './store.ts';
import { applyStages } from './versions.ts';

/** Moving staging labels between versions. */
export function staging({ db, clock }: SecretsManagerDeps) {
  return {
    async UpdateSecretVersionStage({ SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId }, call) {
      return db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, SecretId);
        const versions = await versionsOf(tx.query, row, row.name);
        const holder = versions.find((version) => stagesOf(version).includes(VersionStage));
        if (holder !== undefined && holder.id !== MoveToVersionId && holder.id !== RemoveFromVersionId) {
          throw invalid(`The parameter RemoveFromVersionId must be set to the current version that has the staging label ${VersionStage}: ${holder.id}.`);
        }
        if (RemoveFromVersionId !== undefined && holder?.id !== RemoveFromVersionId) throw invalid(`The staging label ${VersionStage} isn't attached to version ${RemoveFromVersionId}.`);
        if (MoveToVersionId === undefined) {
          if (VersionStage === CURRENT) throw invalid(`You can only move staging label ${CURRENT} to a different secret version. It can't be completely removed.`);
          if (holder !== undefined) await updateVersion(tx, holder, { stages: JSON.stringify(stagesOf(holder).filter((stage) => stage !== VersionStage)) });
        } else {
          if (!versions.some((version) => version.id === MoveToVersionId)) throw fail('ResourceNotFoundException', `Secrets Manager can't find the specified secret version: ${MoveToVersionId}`);
          await applyStages(tx, versions, MoveToVersionId, [VersionStage]);
        }
        await updateSecret(tx, row, { changed: clock.now() });
        return { ARN: secretArn(row), Name: row.name };
      });
    },
  } satisfies Partial<Operations<SecretsManagerApi>>;
}
