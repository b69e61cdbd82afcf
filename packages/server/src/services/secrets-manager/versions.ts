import type { Transaction } from '../../kernel/database.ts';
import { fail, invalid } from './fail.ts';
import { KEEP_DEPRECATED_MS, STAGES_PER_VERSION, VERSIONS } from './limits.ts';
import { moveStages } from './stages.ts';
import { deleteVersion, insertVersion, stagesOf, updateVersion, versionsOf } from './store.ts';
import type { SecretRow, VersionRow } from './store.ts';
import type { Content, Values } from './values.ts';

/** The token is the version's id: what was stored under it is answered again, anything else under it is refused. */
export async function addVersion(
  tx: Transaction, values: Values, secret: SecretRow, version: { readonly id: string; readonly content: Content; readonly stages: readonly string[]; readonly now: number },
): Promise<VersionRow> {
  const { id, content, stages, now } = version;
  const present = await versionsOf(tx.query, secret, secret.name);
  const known = present.find((row) => row.id === id);
  if (known !== undefined) {
    const stored = values.content(secret, known);
    if (stored.kind === content.kind && stored.text === content.text) return known;
    throw fail('ResourceExistsException', 'You can\'t use ClientRequestToken again with a different secret value: a version with this ID already exists.');
  }
  await forgetDeprecated(tx, present, now);
  const { account, region, name } = secret;
  const row: VersionRow = { account, region, name, id, kind: content.kind, value: values.sealed(secret, id, content), stages: '[]', created: now, accessed: null };
  await insertVersion(tx, row);
  await applyStages(tx, [...present, row], id, stages);
  return { ...row, stages: JSON.stringify(stages) };
}

/** Puts the labels on a version, and takes them from where they were. */
export async function applyStages(tx: Transaction, versions: readonly VersionRow[], target: string, labels: readonly string[]): Promise<void> {
  for (const [row, stages] of moveStages(versions, target, labels)) {
    if (stages.length > STAGES_PER_VERSION) throw fail('LimitExceededException', `A version can have at most ${STAGES_PER_VERSION} staging labels.`);
    await updateVersion(tx, row, { stages: JSON.stringify(stages) });
  }
}

async function forgetDeprecated(tx: Transaction, versions: readonly VersionRow[], now: number): Promise<void> {
  const old = versions.filter((row) => stagesOf(row).length === 0 && row.created <= now - KEEP_DEPRECATED_MS);
  for (const row of old.slice(0, Math.max(0, versions.length + 1 - VERSIONS))) await deleteVersion(tx, row);
}

/** The version that is asked for by id, by stage, or by both. @throws ResourceNotFoundException, InvalidParameterException */
export function wantedVersion(versions: readonly VersionRow[], { VersionId, VersionStage }: { readonly VersionId?: string; readonly VersionStage?: string }): VersionRow {
  const stage = VersionStage ?? (VersionId === undefined ? 'AWSCURRENT' : undefined);
  const found = VersionId === undefined ? versions.find((row) => stagesOf(row).includes(stage ?? '')) : versions.find((row) => row.id === VersionId);
  if (found === undefined) {
    throw fail('ResourceNotFoundException', VersionId === undefined
      ? `Secrets Manager can't find the specified secret value for staging label: ${stage}`
      : `Secrets Manager can't find the specified secret value for VersionId: ${VersionId}`);
  }
  if (stage !== undefined && !stagesOf(found).includes(stage)) throw invalid('You provided a VersionStage that is not associated to the provided VersionId.');
  return found;
}
