import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { signRequest } from '@slipway/sigv4';
import type { Group } from '../group.ts';
import { percentile, row, timed, type RowTerms } from '../measure.ts';
import { region, rootKey, withSlipway, type Target } from '../server.ts';

const SERIES = 100;
const MINUTES_PER_REQUEST = 10;
const REQUESTS = 1_000;
const CONNECTIONS = 4;
const QUERIES = 50;
const MINUTE = 60_000;
const DAY_MINUTES = 1_440;

const ingest: RowTerms = { id: 'metrics.ingest', unit: 'points/s', better: 'higher', aim: 50_000, aimOf: 'value' };
const query: RowTerms = { id: 'metrics.query.one-day', unit: 'ms', better: 'lower', aim: 50, aimOf: 'value' };
const disk: RowTerms = { id: 'metrics.disk', unit: 'bytes/point', better: 'lower', aim: 20, aimOf: 'value' };

/** A million points of a hundred metrics, a day of one of them, and what they take on disk. */
export const metrics: Group = {
  letter: 'j',
  title: 'a million metric points',
  async run(bench) {
    return withSlipway(bench, {}, [ingest, query, disk], async (_aws, target) => {
      const before = await size(target.data);
      const start = Math.floor(Date.now() / MINUTE) * MINUTE - REQUESTS * MINUTES_PER_REQUEST * MINUTE;
      let next = 0;
      const send = async (): Promise<void> => {
        while (next < REQUESTS) await post(target, 'PutMetricData', batch(start, next++));
      };
      const seconds = await timed(() => Promise.all(Array.from({ length: CONNECTIONS }, send)));
      const points = REQUESTS * SERIES * MINUTES_PER_REQUEST;
      bench.say(`${points} points in ${seconds.toFixed(1)} s`);

      const took: number[] = [];
      for (let i = 0; i < QUERIES; i++) took.push(1000 * (await timed(() => oneDay(target, start, i % SERIES))));
      await target.stop();
      const perPoint = ((await size(target.data)) - before) / points;
      return [
        row(ingest, { value: points / seconds, n: points, note: `${SERIES} metrics, ${SERIES * MINUTES_PER_REQUEST} data per PutMetricData, ${CONNECTIONS} connections` }),
        row(query, { value: percentile(took, 95), n: QUERIES, note: `p95 of GetMetricData of ${DAY_MINUTES} points; median ${percentile(took, 50).toFixed(1)} ms` }),
        row(disk, { value: perPoint, n: points, note: 'growth of the data folder, random values' }),
      ];
    });
  },
};

function batch(start: number, number: number): object {
  const MetricData = [];
  for (let series = 0; series < SERIES; series++) {
    for (let minute = 0; minute < MINUTES_PER_REQUEST; minute++) {
      const Timestamp = (start + (number * MINUTES_PER_REQUEST + minute) * MINUTE) / 1000;
      MetricData.push({ MetricName: 'Latency', Dimensions: [{ Name: 'Host', Value: `host-${series}` }], Timestamp, Value: Math.random() * 1_000, Unit: 'Milliseconds' });
    }
  }
  return { Namespace: 'Bench', MetricData };
}

async function oneDay(target: Target, start: number, series: number): Promise<void> {
  const Metric = { Namespace: 'Bench', MetricName: 'Latency', Dimensions: [{ Name: 'Host', Value: `host-${series}` }] };
  const { MetricDataResults: [result] = [] } = (await post(target, 'GetMetricData', {
    StartTime: start / 1000, EndTime: (start + DAY_MINUTES * MINUTE) / 1000, MetricDataQueries: [{ Id: 'm1', MetricStat: { Metric, Period: 60, Stat: 'p90' } }],
  })) as { MetricDataResults?: { Values: number[] }[] };
  if (result?.Values.length !== DAY_MINUTES) throw new Error(`a day had ${result?.Values.length} points`);
}

/** Signed by hand: the SDK's serializer would take more time than the server. */
async function post(target: Target, operation: string, input: object): Promise<unknown> {
  const body = JSON.stringify(input);
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `GraniteServiceVersion20100801.${operation}` };
  const signed = signRequest({ method: 'POST', url: `${target.endpoint}/`, headers, body, service: 'monitoring', region, credentials: rootKey, now: Date.now() });
  const response = await fetch(target.endpoint, { method: 'POST', headers: signed, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${operation} answered ${response.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as unknown;
}

async function size(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).then((found) => (found.isFile() ? found.size : 0))));
  return sizes.reduce((sum, each) => sum + each, 0);
}
