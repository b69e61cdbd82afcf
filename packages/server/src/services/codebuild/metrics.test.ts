import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import type { StoredBuild } from './build.ts';
import { buildMetrics } from './metrics.ts';

const build = (cpu_ms: number | null): StoredBuild => ({
  id: 'p:1', project: 'p', number: 3, status: 'SUCCEEDED', started_at: 0, ended_at: 5_000, cpu_ms, definition: { environment: { computeType: 'BUILD_GENERAL1_SMALL' } },
  phases: [{ phaseType: 'INSTALL', startTime: 1_000, endTime: 1_000 }, { phaseType: 'BUILD', startTime: 1_000, endTime: 3_000 }],
}) as unknown as StoredBuild;

it('tells how much of a processor a build has used, for itself and for its project', () => {
  const points = buildMetrics(build(1_000)).filter(({ name }) => name.startsWith('CPU'));
  const granted = Math.min(2, availableParallelism());
  for (const dimensions of [{ ProjectName: 'p' }, { ProjectName: 'p', BuildId: 'p:1', BuildNumber: '3' }]) {
    expect(points.filter((point) => JSON.stringify(point.dimensions) === JSON.stringify(dimensions)).map(({ name, value, unit }) => [name, value, unit])).toEqual([['CPUUtilized', 512, 'None'], ['CPUUtilizedPercent', 50 / granted, 'Percent']]);
  }
  expect(buildMetrics(build(null)).filter(({ name }) => name.startsWith('CPU'))).toEqual([]);
});
