import type { SecretsManagerApi } from '@slipway/contracts';
import { whenTaken } from '../../kernel/database/index.ts';
import type { Transaction } from '../../kernel/database.ts';
import { secretSuffix, uuid } from '../../kernel/ids.ts';
import { refuseMembers } from '../../kernel/refusals.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { putTags } from '../../kernel/tags.ts';
import { secretArn } from './arns.ts';
import { deletionJob, removeForGood } from './deletion.ts';
import type { SecretsManagerDeps } from './deps.ts';
import { fail, invalid, noSecret, notSupported } from './fail.ts';
import { RECOVERY_WINDOW } from './limits.ts';
import { existing, lockUsable, lookUp } from './lookup.ts';
import { CURRENT } from './stages.ts';
import { findSecret, insertSecret, lockSecret, updateSecret, versionsOf } from './store.ts';
import type { SecretRow } from './store.ts';
import { refuseTags, tagList } from './tags.ts';
import { contentOf, needed } from './values.ts';
import type { Values } from './values.ts';
import { addVersion } from './versions.ts';

const DEFAULT_KEY = 'alias/aws/secretsmanager';
const DAY = 24 * 60 * 60_000;

/** Making, changing, deleting and restoring secrets. */
export function secrets({ db, clock, jobs, values }: SecretsManagerDeps & { readonly values: Values }) {
  async function deleteNow(tx: Transaction, call: Call, id: string) {
    const row = await lookUp(tx.query, call, id);
    // AWS answers a forced deletion of what is not there as if it had been.
    if (row === undefined) return { ARN: secretArn({ ...call, name: id, suffix: secretSuffix() }), Name: id, DeletionDate: clock.now() };
    await lockSecret(tx, row, row.name);
    await removeForGood(tx, row);
    return { ARN: secretArn(row), Name: row.name, DeletionDate: clock.now() };
  }

  async function deleteLater(tx: Transaction, call: Call, id: string, deletion: number) {
    const row = await lockUsable(tx, call, id);
    await updateSecret(tx, row, { deletion });
    await jobs.wake(tx, deletionJob(row), deletion);
    return { ARN: secretArn(row), Name: row.name, DeletionDate: deletion };
  }

  return {
    async CreateSecret(input, call) {
      refuseMembers(input, ['AddReplicaRegions', 'ForceOverwriteReplicaSecret', 'Type'], notSupported);
      checkKey(input.KmsKeyId);
      if (!/^[A-Za-z0-9/_+=.@-]+$/.test(input.Name)) {
        throw invalid('Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!');
      }
      const content = contentOf(input);
      const id = input.ClientRequestToken ?? uuid();
      const now = clock.now();
      return db.transaction(async (tx) => {
        const known = await findSecret(tx.query, call, input.Name);
        if (known !== undefined) return repeatedCreation(tx, values, known, id, content);
        const row: SecretRow = {
          account: call.account, region: call.region, name: input.Name, suffix: secretSuffix(), description: input.Description ?? null, policy: null,
          created: now, changed: now, accessed: null, deletion: null,
        };
        await insertSecret(tx, row).catch(whenTaken(() => alreadyExists(input.Name)));
        await putTags(tx, { account: call.account, arn: secretArn(row) }, tagList(input.Tags), refuseTags);
        if (content === undefined) return { ARN: secretArn(row), Name: row.name };
        await addVersion(tx, values, row, { id, content, stages: [CURRENT], now });
        return { ARN: secretArn(row), Name: row.name, VersionId: id };
      });
    },

    async UpdateSecret(input, call) {
      refuseMembers(input, ['Type'], notSupported);
      checkKey(input.KmsKeyId);
      const content = contentOf(input);
      const id = input.ClientRequestToken ?? uuid();
      return db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, input.SecretId);
        await updateSecret(tx, row, { changed: clock.now(), ...(input.Description !== undefined && { description: input.Description }) });
        if (content === undefined) return { ARN: secretArn(row), Name: row.name };
        await addVersion(tx, values, row, { id, content, stages: [CURRENT], now: clock.now() });
        return { ARN: secretArn(row), Name: row.name, VersionId: id };
      });
    },

    async PutSecretValue(input, call) {
      refuseMembers(input, ['RotationToken'], notSupported);
      const content = needed(contentOf(input));
      const id = input.ClientRequestToken ?? uuid();
      return db.transaction(async (tx) => {
        const row = await lockUsable(tx, call, input.SecretId);
        const version = await addVersion(tx, values, row, { id, content, stages: [...new Set(input.VersionStages ?? [CURRENT])], now: clock.now() });
        await updateSecret(tx, row, { changed: clock.now() });
        return { ARN: secretArn(row), Name: row.name, VersionId: id, VersionStages: JSON.parse(version.stages) as string[] };
      });
    },

    async DeleteSecret({ SecretId, RecoveryWindowInDays, ForceDeleteWithoutRecovery = false }, call) {
      if (ForceDeleteWithoutRecovery && RecoveryWindowInDays !== undefined) {
        throw invalid('You can\'t use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.');
      }
      const days = RecoveryWindowInDays ?? RECOVERY_WINDOW.default;
      if (days < RECOVERY_WINDOW.least || days > RECOVERY_WINDOW.most) {
        throw invalid(`The RecoveryWindowInDays value must be between ${RECOVERY_WINDOW.least} and ${RECOVERY_WINDOW.most} days (inclusive).`);
      }
      return db.transaction((tx) => (ForceDeleteWithoutRecovery ? deleteNow(tx, call, SecretId) : deleteLater(tx, call, SecretId, clock.now() + days * DAY)));
    },

    async RestoreSecret({ SecretId }, call) {
      return db.transaction(async (tx) => {
        const { name, suffix, ...owner } = await existing(tx.query, call, SecretId);
        const row = await lockSecret(tx, owner, name);
        if (row?.suffix !== suffix) throw noSecret();
        await updateSecret(tx, row, { deletion: null });
        return { ARN: secretArn(row), Name: row.name };
      });
    },
  } satisfies Partial<Operations<SecretsManagerApi>>;
}

/** CreateSecret with the token and the value of the secret's first version is the same request again. */
async function repeatedCreation(tx: Transaction, values: Values, known: SecretRow, id: string, content: ReturnType<typeof contentOf>) {
  if (known.deletion !== null) {
    throw fail('InvalidRequestException', 'You can\'t create this secret because a secret with this name is already scheduled for deletion.');
  }
  const version = (await versionsOf(tx.query, known, known.name)).find((row) => row.id === id);
  const stored = version && values.content(known, version);
  if (stored === undefined || stored.kind !== content?.kind || stored.text !== content.text) throw alreadyExists(known.name);
  return { ARN: secretArn(known), Name: known.name, VersionId: id };
}

const alreadyExists = (name: string): Error => fail('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);

/** The service's own key is the only one there is. */
function checkKey(key: string | undefined): void {
  if (key !== undefined && key !== DEFAULT_KEY) throw notSupported(`The key ${key}, other than ${DEFAULT_KEY},`);
}
