import { expect, it } from 'vitest';
import type { UsageInterval } from '@slipway/builder';
import type { StoredBuild } from './build.ts';
import { buildMetrics, usageReport } from './metrics.ts';

const MIB = 1024 ** 2;

const build = (usage: UsageInterval | null): StoredBuild => ({
  account: '1', region: 'r', id: 'p:1', project: 'p', number: 3, status: 'SUCCEEDED', started_at: 0, ended_at: 5_000, usage: usage && JSON.stringify(usage), definition: {},
  phases: [{ phaseType: 'INSTALL', startTime: 1_000, endTime: 1_000 }, { phaseType: 'BUILD', startTime: 1_000, endTime: 3_000 }],
}) as unknown as StoredBuild;

const interval: UsageInterval = {
  from: 1_000, to: 3_000, granted: { cpus: 2, memoryBytes: 400 * MIB }, cpuMs: 1_000, memoryBytes: { count: 2, sum: 300 * MIB, min: 100 * MIB, max: 200 * MIB },
  storageReadBytes: 0, storageWrittenBytes: 4_000, networkReceivedBytes: 600, networkSentBytes: 20,
};

const values = (count: number, sum: number, min: number, max: number) => ({ count, sum, min, max });

it('tells what a build has used in a stretch of time, for itself and for its project', () => {
  const { once, data } = usageReport(build(null), interval, 77);
  expect(once).toBe('codebuild/p:1/usage/77');
  for (const dimensions of [{ ProjectName: 'p' }, { ProjectName: 'p', BuildId: 'p:1', BuildNumber: '3' }]) {
    expect(data.filter((point) => JSON.stringify(point.dimensions) === JSON.stringify(dimensions)).map(({ name, value, unit, timestamp }) => [name, value, unit, timestamp])).toEqual([
      ['CPUUtilized', 512, 'None', 3_000], ['CPUUtilizedPercent', 25, 'Percent', 3_000],
      ['MemoryUtilized', values(2, 300, 100, 200), 'Megabytes', 3_000], ['MemoryUtilizedPercent', values(2, 75, 25, 50), 'Percent', 3_000],
      ['StorageReadBytes', 0, 'Bytes/Second', 3_000], ['StorageWriteBytes', 2_000, 'Bytes/Second', 3_000],
      ['NetworkRxBytes', 300, 'Bytes/Second', 3_000], ['NetworkTxBytes', 10, 'Bytes/Second', 3_000],
    ]);
  }
});

it('tells nothing that is not known', () => {
  const { from, to, granted, cpuMs = 0 } = interval;
  expect(usageReport(build(null), { from, to, granted, cpuMs }, 1).data.map(({ name }) => name)).toEqual(['CPUUtilized', 'CPUUtilizedPercent', 'CPUUtilized', 'CPUUtilizedPercent']);
  expect(buildMetrics(build(null)).filter(({ name }) => name.includes('Utilized'))).toEqual([]);
});

it('tells of the last stretch when the build is over', () => {
  expect(buildMetrics(build(interval)).filter(({ name }) => name === 'CPUUtilized').map(({ value }) => value)).toEqual([512, 512]);
});
