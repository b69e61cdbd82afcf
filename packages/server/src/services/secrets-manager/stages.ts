import { stagesOf } from './store.ts';
import type { VersionRow } from './store.ts';

export const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/**
 * Which stages each version has once `labels` are on the version `target`: a label is on one version at a time, and the
 * version that loses AWSCURRENT becomes AWSPREVIOUS. Answers only the versions whose stages change. Pure.
 */
export function moveStages(versions: readonly VersionRow[], target: string, labels: readonly string[]): Map<VersionRow, string[]> {
  const loser = labels.includes(CURRENT) ? versions.find((row) => row.id !== target && stagesOf(row).includes(CURRENT)) : undefined;
  const changed = new Map<VersionRow, string[]>();
  for (const row of versions) {
    const before = stagesOf(row);
    const kept = before.filter((stage) => row.id === target || !labels.includes(stage)).filter((stage) => loser === undefined || stage !== PREVIOUS);
    const gained = row.id === target ? labels.filter((label) => !kept.includes(label)) : row === loser ? [PREVIOUS] : [];
    const after = [...kept, ...gained];
    if (after.join('\n') !== before.join('\n')) changed.set(row, after);
  }
  return changed;
}
