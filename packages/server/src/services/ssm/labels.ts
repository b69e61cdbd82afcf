import type { SSMApi } from '@slipway/contracts';
import type { Transaction } from '../../kernel/database.ts';
import type { Call, Operations } from '../../kernel/service.ts';
import { nameIn } from './arns.ts';
import type { SsmDeps } from './deps.ts';
import { parameterChange } from './events.ts';
import { fail, noParameter, noVersion } from './fail.ts';
import { LABELS } from './limits.ts';
import { isLabel } from './names.ts';
import { labelsOf, lockParameter, setLabels, versionsOf } from './store.ts';
import type { VersionRow } from './store.ts';

/** Labels: names that move from version to version. */
export function labels({ db, outbox }: SsmDeps) {
  return {
    async LabelParameterVersion({ Name, Labels, ParameterVersion }, call) {
      const name = nameIn(Name, call);
      const valid = Labels.filter(isLabel);
      return db.transaction(async (tx) => {
        const { all, wanted } = await versions(tx, call, name, ParameterVersion);
        const after = [...new Set([...labelsOf(wanted), ...valid])];
        if (after.length > LABELS) throw fail('ParameterVersionLabelLimitExceeded', `A parameter version can have a maximum of ${LABELS} labels.`);
        for (const row of all) {
          const kept = labelsOf(row).filter((label) => !valid.includes(label));
          if (row.version !== wanted.version && kept.length < labelsOf(row).length) await setLabels(tx, row, kept);
        }
        await setLabels(tx, wanted, after);
        if (valid.length > 0) await outbox.emit(tx, parameterChange(wanted, 'LabelParameterVersion'));
        return { InvalidLabels: Labels.filter((label) => !valid.includes(label)), ParameterVersion: wanted.version };
      });
    },

    async UnlabelParameterVersion({ Name, Labels, ParameterVersion }, call) {
      return db.transaction(async (tx) => {
        const { wanted } = await versions(tx, call, nameIn(Name, call), ParameterVersion);
        const present = labelsOf(wanted);
        await setLabels(tx, wanted, present.filter((label) => !Labels.includes(label)));
        return { RemovedLabels: Labels.filter((label) => present.includes(label)), InvalidLabels: Labels.filter((label) => !present.includes(label)) };
      });
    },
  } satisfies Partial<Operations<SSMApi>>;
}

/** All versions, locked, and the one that is meant: the latest unless another is named. */
async function versions(tx: Transaction, call: Call, name: string, version: number | undefined): Promise<{ all: readonly VersionRow[]; wanted: VersionRow }> {
  const known = await lockParameter(tx, call, name);
  if (known === undefined) throw noParameter(name);
  const all = await versionsOf(tx.query, call, name);
  const wanted = all.find((row) => row.version === (version ?? known.version));
  if (wanted === undefined) throw noVersion(name, String(version));
  return { all, wanted };
}
